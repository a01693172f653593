import Datasets
import Figures
import TestSupport
import Testing

@testable import Experiments

/// The works that reports of images name.
@Suite struct ReferenceTests {
  private func works(_ configuration: ImageConfiguration) throws -> [String] {
    try configuration.references.map { "\($0.subject): \($0.work)" }
  }

  private func isNamed(
    _ subject: String, _ author: String, _ year: Int, in works: [String]
  ) -> Bool {
    works.contains {
      $0.hasPrefix("\(subject): ") && $0.contains(author) && $0.contains("\(year)")
    }
  }

  /// Model B, by the papers' title pages.
  @Test func ofModelB() throws {
    let works = try works(TissueCustom.pathMNIST)
    for (subject, author, year) in [
      ("pathmnist", "J. Yang", 2023), ("inverted bottlenecks", "M. Sandler", 2018),
      ("fused blocks", "Q. V. Le", 2021), ("squeeze-and-excitation", "J. Hu", 2018),
      ("blocks left out at random", "G. Huang", 2016), ("AdamW", "I. Loshchilov", 2019),
      ("warm-up", "P. Goyal", 2017), ("cosine", "F. Hutter", 2017),
      ("changed stains", "Tellez", 2018),
      ("smoothed labels", "C. Szegedy", 2016), ("average of the weights", "Juditsky", 1992),
    ] { #expect(isNamed(subject, author, year, in: works), "\(subject)") }
    #expect(!works.contains { $0.hasPrefix("momentum") || $0.hasPrefix("mixup") })
  }

  /// What a run has not, its report does not name.
  @Test func ofAPlainRun() throws {
    var configuration = ImageConfiguration()
    (configuration.network, configuration.schedule) = ("resnet20", .constant)
    #expect(
      try works(configuration).map { $0.prefix { $0 != ":" } } == [
        "cifar10", "residual networks", "momentum",
      ])
    configuration.momentum = 0
    configuration.data = ImageSetKind.folderName
    configuration.augment = try AugmentationRecipe(parsing: "flip,erase0.5,mixup0.2,cutmix1")
    configuration.tune = .discriminative
    let works = try works(configuration)
    #expect(
      works.map { $0.prefix { $0 != ":" } } == [
        "residual networks", "erased rectangles", "mixup", "cutmix", "rates that differ by layer",
      ])
    #expect(isNamed("cutmix", "S. Yun", 2019, in: works))
  }

  @Test func everyNetworkAndEverySetHasASource() {
    for name in ImageNetworks.names { #expect(!ImageNetworks.references(of: name).isEmpty) }
    for source in DataCatalogue.sources {
      // Authors, a title and a year; what the program draws has none.
      let isCited = source.origin?.contains(/^[A-Z]\. .+, ".+", .*(19|20)\d\d/) ?? false
      #expect(isCited != source.files.isEmpty, "\(source.name)")
    }
  }

  /// He and others are of the network and of the crops.
  @Test func oneLineForEachWork() throws {
    var configuration = ImageConfiguration()
    (configuration.network, configuration.augment) = ("resnet20", .standard)
    let references = try configuration.references
    let section = Reference.section(references + references)
    guard case .table(let table)? = section.blocks.first else {
      Issue.record("there is no table")
      return
    }
    #expect(section.title == "References" && table.rows.count == 4)
    #expect(
      table.rows[1] == [
        "residual networks, crops within a border",
        "K. He, X. Zhang, S. Ren and J. Sun, \"Deep residual learning for image recognition\", CVPR 2016",
      ])
  }
}
