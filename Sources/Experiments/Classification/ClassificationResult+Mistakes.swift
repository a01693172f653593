import Datasets
import Training

extension ClassificationResult {
  /// The images of a set that were taken for something else, the surest first: they say most about the network, or
  /// about the data.
  func surestMistakes(on set: ClassificationSet) -> [Int] {
    (0..<set.count).filter { predictions[$0] != set.labels[$0] }
      .sorted { confidences[$0] > confidences[$1] }
  }
}
