import Datasets
import Foundation
import Tensors

/// What is known of a set of images before it is read.
///
/// Another set is another value here, with its name in ``named(_:)``.
struct ImageSetKind: Sendable {
  /// Reads the parts, and says in a line where there are fewer images than were published.
  typealias Loader =
    @Sendable (
      _ folder: URL, _ size: Int, _ note: (String) -> Void
    ) throws -> ImageClassificationParts

  /// 1 for grey, 3 for colour.
  var channels = 3
  /// How many classes it has; nil where the images tell.
  var classCount: Int?
  /// The side of an image in pixels; nil where it is chosen.
  var side: Int?
  /// Whether it comes with a validation part.
  var hasOwnValidation = false
  /// Whether an image can be of several classes at once.
  var hasSeveralLabels = false
  /// Whether networks that were published for it take images normalised as ImageNet's are.
  var isNormalizedAsImageNet = false
  /// Whether its publishers state the area under the ROC curve before the accuracy.
  var hasAreaFirst = false
  /// The catalogue's entry for images of a size; nil for a folder of the user's, which has no name to be found by.
  var source: (@Sendable (_ size: Int) throws -> DataSource)?
  let load: Loader

  /// What `data=` is for a folder of pictures.
  static let folderName = "folder"

  /// The kind that `data=` names; throws a usage error for a name that is none.
  static func named(_ name: String) throws -> ImageSetKind {
    switch name {
    case DataCatalogue.cifar10.name: return cifar10
    case DataCatalogue.cifar100.name: return cifar100
    case folderName: return folder
    default:
      let members = MedMNIST.members
      if let member = members.first(where: { $0.name == name }) { return medMNIST(member) }
      let others = [DataCatalogue.cifar10.name, DataCatalogue.cifar100.name, folderName]
      throw AdjointError(
        .usage, unknown("set of images", name, among: others + members.map(\.name)))
    }
  }

  private static let cifar10 = cifar(DataCatalogue.cifar10, CIFAR10.classNames.count) {
    try CIFAR10.load(from: $0)
  }

  private static let cifar100 = cifar(DataCatalogue.cifar100, CIFAR100.classNames.count) {
    try CIFAR100.load(from: $0, labels: .fine)
  }

  private static func cifar(
    _ source: DataSource, _ classCount: Int,
    _ load: @escaping @Sendable (URL) throws -> (train: ClassificationSet, test: ClassificationSet)
  ) -> ImageSetKind {
    ImageSetKind(
      classCount: classCount, side: 32, isNormalizedAsImageNet: true, source: { _ in source }
    ) { folder, _, note in
      let (train, test) = try load(folder)
      CIFARImages.noteOfCounts(source.name, train.count, test.count, note)
      return ImageClassificationParts(train: train, test: test)
    }
  }

  private static func medMNIST(_ member: MedMNIST.Member) -> ImageSetKind {
    ImageSetKind(
      channels: member.channels, classCount: member.classNames.count, hasOwnValidation: true,
      hasSeveralLabels: member.hasSeveralLabels, hasAreaFirst: true,
      source: { try MedMNIST.source(of: member, size: $0) }
    ) { folder, size, _ in
      let (train, validation, test) = try MedMNIST.load(member.name, size: size, from: folder)
      return ImageClassificationParts(train: train, validation: validation, test: test)
    }
  }

  private static let folder = ImageSetKind { folder, size, _ in
    let parts = try ImageFolder.loadParts(folder, size: size)
    return ImageClassificationParts(
      train: parts.train, validation: parts.validation, test: parts.test)
  }
}
