import Foundation
import Tensors

/// Electricity transformer temperature, hourly: oil temperature and six loads of one transformer.
///
/// Zhou et al., "Informer: beyond efficient transformer for long sequence time-series forecasting", AAAI 2021.
public enum ETT {
  /// Rows of the training, validation and test part: 12, 4 and 4 months of 30 days. What follows is not used.
  public static let parts = SeriesParts(train: 8640, validation: 2880, test: 2880)

  /// Reads ETTh1, or a file in its form, from a data folder (`ett/` in it) or from the folder of the file.
  ///
  /// Throws no input where the folder lacks it, and what ``HourlyTable/init(at:)`` and
  /// ``SeriesSet/init(_:parts:source:)`` throw.
  public static func load(from folder: URL) throws -> SeriesSet {
    let place = try DataDirectory.folder(of: DataCatalogue.ett, explicit: folder)
    let file = place.appendingPathComponent(DataCatalogue.ett.files[0].name)
    return try SeriesSet(HourlyTable(at: file), parts: parts, source: file.path)
  }
}

extension DataCatalogue {
  /// The hourly series of the first transformer.
  public static let ett = DataSource(
    name: "ett",
    summary: "oil temperature and six loads of a transformer, hourly, 17,420 rows (ETTh1)",
    origin:
      "H. Zhou, S. Zhang, J. Peng, S. Zhang, J. Li, H. Xiong and W. Zhang, \"Informer: beyond efficient transformer "
      + "for long sequence time-series forecasting\", AAAI 2021, doi 10.1609/aaai.v35i12.17325",
    licence: "CC BY-ND 4.0",
    files: [
      .init(
        name: "ETTh1.csv", byteCount: 2_589_657, md5: "8381763947c85f4be6ac456c508460d6",
        sha256: "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066")
    ],
    addresses: [
      URL(string: "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/")!
    ])
}
