import Tensors

/// How a pixel byte becomes a number of the network's input, for each channel.
///
/// Any function of the byte and its channel will do: it is tabulated once, so that its cost does
/// not matter.
public struct PixelTransform: Sendable {
  /// 256 values for each channel, one channel after the other; empty where there is no table.
  let table: [Float]
  let channels: Int
  /// What is subtracted from each feature; empty where a table or a division does all.
  let mean: [Float]
  /// What each feature is divided by after that; empty for nothing.
  let deviation: [Float]

  private init(
    table: [Float] = [], channels: Int = 0, mean: [Float] = [], deviation: [Float] = []
  ) {
    self.table = table
    self.channels = channels
    self.mean = mean
    self.deviation = deviation
  }

  /// byte / 255 in every channel: numbers in 0 ... 1, rounded as IEEE division rounds.
  public static let unit = PixelTransform()

  /// The bytes of an image that become the numbers nearest to 0.
  func neutral(features: Int, channels: Int) -> [UInt8] {
    if !mean.isEmpty { return mean.map { UInt8(min(max($0, 0), 255).rounded()) } }
    guard !table.isEmpty else { return [UInt8](repeating: 0, count: features) }
    let bytes = (0..<channels).map { channel in
      (UInt8.min...UInt8.max).min { abs(value($0, channel)) < abs(value($1, channel)) } ?? 0
    }
    return (0..<features).map { bytes[$0 % channels] }
  }

  private func value(_ byte: UInt8, _ channel: Int) -> Float { table[channel << 8 | Int(byte)] }

  /// Tabulates a function of the byte and the channel.
  public init(channels: Int, _ value: (UInt8, _ channel: Int) -> Float) {
    require(channels > 0, "PixelTransform: \(channels) channels; there must be at least one")
    table = (0..<channels).flatMap { channel in
      (UInt8.min...UInt8.max).map { value($0, channel) }
    }
    self.channels = channels
    mean = []
    deviation = []
  }

  /// byte − mean, or (byte − mean) / deviation, with numbers of their own for each of an image's features,
  /// all in the unit of the bytes.
  ///
  /// - Parameters:
  ///   - mean: one for each feature, in the order row, column, channel.
  ///   - deviation: as many, all positive; nil for no division.
  public static func centred(mean: [Float], deviation: [Float]? = nil) -> PixelTransform {
    require(
      deviation.map { $0.count == mean.count && $0.allSatisfy { $0 > 0 } } ?? true,
      "PixelTransform.centred: \(mean.count) means and \(deviation?.count ?? 0) deviations; there must "
        + "be as many, and the deviations positive")
    return PixelTransform(mean: mean, deviation: deviation ?? [])
  }

  /// (byte / 255 − mean) / deviation with a mean and a standard deviation for each channel.
  ///
  /// Both are of pixels between 0 and 1, the deviations positive; the roundings are those of torchvision's `ToTensor`
  /// and `Normalize`.
  public static func normalized(mean: [Float], deviation: [Float]) -> PixelTransform {
    require(
      mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
      "PixelTransform.normalized: mean \(mean) and deviation \(deviation) must be as many as there "
        + "are channels, and the deviations positive")
    require(
      (mean + deviation).allSatisfy { $0 <= 1 },
      "PixelTransform.normalized: mean \(mean) and deviation \(deviation) must be of pixels between 0 and 1; "
        + "those of bytes, as channelStatistics() has them, belong in normalized(by:)")
    return PixelTransform(channels: mean.count) { (Float($0) / 255 - mean[$1]) / deviation[$1] }
  }

  /// Each channel shifted and scaled so that over these images its mean is 0 and its standard deviation 1; a channel
  /// that is the same everywhere is shifted alone.
  public static func normalized(by set: ClassificationSet) -> PixelTransform {
    let (mean, deviation) = set.channelStatistics()
    return normalized(
      mean: mean.map { $0 / 255 }, deviation: deviation.map { $0 > 0 ? $0 / 255 : 1 })
  }
}
