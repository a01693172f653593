import Tensors

/// How a pixel byte becomes a number of the network's input, for each channel.
///
/// Any function of the byte and its channel will do: it is tabulated once, so that its cost does
/// not matter.
public struct PixelTransform: Sendable {
  /// 256 values for each channel, one channel after the other; empty for ``unit``.
  let table: [Float]
  let channels: Int

  private init(table: [Float], channels: Int) {
    self.table = table
    self.channels = channels
  }

  /// byte / 255 in every channel: numbers in 0 ... 1, rounded as IEEE division rounds.
  public static let unit = PixelTransform(table: [], channels: 0)

  /// Tabulates a function of the byte and the channel.
  public init(channels: Int, _ value: (UInt8, _ channel: Int) -> Float) {
    require(channels > 0, "PixelTransform: \(channels) channels; there must be at least one")
    table = (0..<channels).flatMap { channel in
      (UInt8.min...UInt8.max).map { value($0, channel) }
    }
    self.channels = channels
  }

  /// (byte / 255 − mean) / deviation with a mean and a standard deviation for each channel.
  ///
  /// The deviations are positive; the roundings are those of torchvision's `ToTensor` and
  /// `Normalize`.
  public static func normalized(mean: [Float], deviation: [Float]) -> PixelTransform {
    require(
      mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
      "PixelTransform.normalized: mean \(mean) and deviation \(deviation) must be as many as there "
        + "are channels, and the deviations positive")
    return PixelTransform(channels: mean.count) { (Float($0) / 255 - mean[$1]) / deviation[$1] }
  }
}
