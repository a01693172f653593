import Foundation
import TestSupport
import Testing

@testable import Experiments

@Suite struct ImageSetKindTests {
  /// As their publishers have them.
  @Test(arguments: [
    ("cifar10", 3, 10, 32, "cifar10"), ("cifar100", 3, 100, 32, "cifar100"),
    ("pathmnist", 3, 9, nil, "pathmnist_64"), ("chestmnist", 1, 14, nil, "chestmnist_64"),
    ("folder", 3, nil, nil, nil),
  ])
  func formAndSource(name: String, channels: Int, classes: Int?, side: Int?, source: String?) throws
  {
    let kind = try ImageSetKind.named(name)
    #expect(kind.channels == channels && kind.classCount == classes && kind.side == side)
    #expect(try kind.source?(64).name == source)
  }

  @Test(arguments: ["cifar10", "cifar100", "pathmnist", "chestmnist", "folder"])
  func whatSetsDifferIn(name: String) throws {
    let kind = try ImageSetKind.named(name)
    let isMedical = ["pathmnist", "chestmnist"].contains(name)
    #expect(kind.hasOwnValidation == isMedical && kind.hasAreaFirst == isMedical)
    #expect(kind.hasSeveralLabels == (name == "chestmnist"))
    #expect(kind.isNormalizedAsImageNet == ["cifar10", "cifar100"].contains(name))
  }

  /// The sides and classes of settings count where the set leaves them open, and weights are for colours.
  @Test func formOfAConfiguration() throws {
    var configuration = ImageConfiguration()
    configuration.size = 64
    for (name, channels, classes, side) in [
      ("cifar100", 3, 100, 32), ("chestmnist", 1, 14, 64), ("folder", 3, 5, 64),
    ] {
      configuration.data = name
      let form = try ImageSet.form(configuration, classes: 5)
      #expect(form.channels == channels && form.classes == classes && form.side == side, "\(name)")
    }
    (configuration.data, configuration.weights) = ("chestmnist", "w.pth")
    #expect(try ImageSet.form(configuration, classes: 5).channels == 3)
  }

  @Test(arguments: [
    ("cifar", "; did you mean cifar10?"), ("CIFAR10", ""),
    ("pathmnist_64", "; did you mean pathmnist?"), ("", ""),
  ])
  func namesThatAreNone(name: String, hint: String) {
    expectError(
      .usage,
      "there is no set of images named \(name)\(hint) (there are bloodmnist, breastmnist, chestmnist, cifar10, "
        + "cifar100, dermamnist, folder, octmnist, organamnist, organcmnist, organsmnist, pathmnist, pneumoniamnist, "
        + "retinamnist, tissuemnist)"
    ) { _ = try ImageSetKind.named(name) }
  }
}
