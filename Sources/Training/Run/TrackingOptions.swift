import Figures
import Tensors

/// What a run notes for TensorBoard beside losses, metrics, rate and speed; nothing where it is left alone.
///
/// Nothing of it changes what is trained, or what `metrics.jsonl` holds. Off, a step does no more than compare
/// a number. On, the gradients of a noted step stay in memory until its notes are written: as much as the
/// weights take.
public struct TrackingOptions: Codable, Sendable, Equatable {
  /// The Euclidean norms of weights and gradients, of all together and of each layer: one pass over both.
  public var norms: Bool
  /// The distributions of each parameter's weights and gradients: a copy of both and two passes over it, on one
  /// thread, and a kilobyte of the log for each parameter.
  public var histograms: Bool
  /// Whether the task is asked after each epoch for what it has to show, such as images.
  public var summaries: Bool
  /// Steps from one note of norms and distributions to the next; nil for the last step of each epoch.
  public var interval: Int?

  /// Some of it; stops if the interval is below 1.
  public init(
    norms: Bool = false, histograms: Bool = false, summaries: Bool = false, interval: Int? = nil
  ) {
    require(
      interval ?? 1 >= 1,
      "TrackingOptions: interval is \(interval ?? 0); it has to be at least 1 step")
    self.norms = norms
    self.histograms = histograms
    self.summaries = summaries
    self.interval = interval
  }

  /// Nothing.
  public static let none = TrackingOptions()
  /// All of it, at the end of each epoch.
  public static let everything = TrackingOptions(norms: true, histograms: true, summaries: true)

  /// Reads `norms,histograms,images`, or `everything`, or `nothing`.
  ///
  /// - Throws: a usage error that names the word that is none of these.
  public init(_ words: String, interval: Int? = nil) throws {
    self.init(interval: interval)
    for word in words.split(separator: ",", omittingEmptySubsequences: false) {
      switch word {
      case "norms": norms = true
      case "histograms": histograms = true
      case "images": summaries = true
      case "everything": (norms, histograms, summaries) = (true, true, true)
      case "nothing" where words == "nothing": break
      default:
        throw AdjointError(
          .usage,
          "expected norms, histograms or images with commas between, or everything, or nothing; found "
            + "\"\(words)\"")
      }
    }
  }

  /// What a run's file holds; an interval below 1 is damage.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    norms = try values.decode(Bool.self, forKey: .norms)
    histograms = try values.decode(Bool.self, forKey: .histograms)
    summaries = try values.decode(Bool.self, forKey: .summaries)
    interval = try values.decodeIfPresent(Int.self, forKey: .interval)
    guard interval ?? 1 >= 1 else {
      throw DecodingError.dataCorruptedError(
        forKey: .interval, in: values,
        debugDescription: "expected at least 1 step, found \(interval ?? 0)")
    }
  }

  /// Whether norms or distributions are noted after that many steps.
  func isDue(_ step: Int, isLastOfEpoch: Bool) -> Bool {
    guard norms || histograms else { return false }
    return interval.map { step % $0 == 0 } ?? isLastOfEpoch
  }
}

/// Something that a task shows in TensorBoard, under a tag such as `images/mistakes`.
public enum RunSummary: Sendable, Equatable {
  /// A number.
  case scalar(String, Double)
  /// The distribution of these values.
  case histogram(String, [Float])
  /// An image.
  case image(String, PixelImage)
  /// A text in Markdown.
  case text(String, String)
}
