import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

/// What was generated after an epoch: `samples/epoch-00010.npy` in the run's folder, float32 `[points, 4]`, the
/// decoder's means and the points with its noise.
struct SampleSnapshots {
  /// Points in a picture.
  static let count = 1500

  /// When it was generated, such as "epoch 10"; epoch 0 is that of the weights before the first step.
  let title: String
  /// x and y of the decoder's means.
  let means: (x: [Double], y: [Double])
  /// x and y with the decoder's noise.
  let noisy: (x: [Double], y: [Double])

  init(_ samples: (means: Tensor, noisy: Tensor), title: String) {
    self.title = title
    let values = concatenate([samples.means, samples.noisy], axis: 1).doubles
    func column(_ index: Int) -> [Double] {
      stride(from: index, to: values.count, by: 4).map { values[$0] }
    }
    means = (column(0), column(1))
    noisy = (column(2), column(3))
  }

  private static func folder(of run: RunDirectory) -> URL {
    run.folder.appendingPathComponent("samples", isDirectory: true)
  }

  static func write(
    _ samples: (means: Tensor, noisy: Tensor), epoch: Int, in run: RunDirectory
  ) throws {
    try OutputFolder.prepare(folder(of: run))
    let digits = String(epoch)
    let name =
      "epoch-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".npy"
    let both = concatenate([samples.means, samples.noisy], axis: 1).converted(to: .float32)
    try AtomicFile.write(NPY.encode(both), to: folder(of: run).appendingPathComponent(name))
  }

  /// All pictures of a run with their epochs, in that order.
  ///
  /// - Throws: `AdjointError` that names the file if one is not what was written.
  static func read(from run: RunDirectory) throws -> [(epoch: Int, picture: SampleSnapshots)] {
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: folder(of: run).path)) ?? []
    return try names.compactMap { name in
      guard let match = name.wholeMatch(of: /epoch-(\d+)\.npy/), let epoch = Int(match.1) else {
        return nil
      }
      let file = folder(of: run).appendingPathComponent(name)
      let tensor = try NPY.read(file)
      guard tensor.rank == 2, tensor.shape[1] == 4 else {
        throw AdjointError(
          .badData, "\(file.path): expected shape [points, 4], found \(tensor.shape)")
      }
      let parts = (
        means: slice(tensor, axis: 1, from: 0, count: 2),
        noisy: slice(tensor, axis: 1, from: 2, count: 2)
      )
      return (epoch, SampleSnapshots(parts, title: "epoch \(epoch)"))
    }.sorted { $0.epoch < $1.epoch }
  }
}
