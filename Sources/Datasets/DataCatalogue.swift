import Foundation
import Tensors

/// A data set that the tool knows by name: what it is, which files it has, and where they come
/// from.
public struct DataSource: Sendable {
  /// A file as its publisher offers it.
  public struct File: Sendable {
    /// The name in the publisher's folder.
    public let name: String
    /// The size in bytes; nil where nobody states it.
    public let byteCount: Int?
    /// The most bytes that are taken from whoever sends the file.
    public let limit: Int
    /// The MD5 sum as the publisher's mirrors state it, in hexadecimal digits.
    public let md5: String
    /// The SHA-256 sum in hexadecimal digits; nil where nobody states one.
    public let sha256: String?
    /// What it unpacks to where it is an archive.
    public let archive: Archive?

    init(
      name: String, byteCount: Int, md5: String, sha256: String? = nil, archive: Archive? = nil
    ) {
      self.name = name
      self.byteCount = byteCount
      limit = byteCount
      self.md5 = md5
      self.sha256 = sha256
      self.archive = archive
    }

    /// A file whose size is not known.
    init(name: String, atMost limit: Int, md5: String) {
      self.name = name
      byteCount = nil
      self.limit = limit
      self.md5 = md5
      sha256 = nil
      archive = nil
    }

    /// The names under which the file counts as present: unpacked too, and with a dot for the dash
    /// before `idx`.
    var spellings: [String] {
      guard name.hasSuffix(".gz") else { return [name] }
      let plain = String(name.dropLast(3))
      let dotted = plain.replacingOccurrences(of: "-idx", with: ".idx")
      return dotted == plain ? [name, plain] : [name, plain, dotted + ".gz", dotted]
    }
  }

  /// A tar archive, packed with gzip, that holds the files that are read.
  public struct Archive: Sendable {
    /// A file in it.
    public struct Member: Sendable {
      /// The name in the folder.
      public let name: String
      /// The size in bytes.
      public let byteCount: Int
    }

    /// The folder that the files are in.
    public let folder: String
    /// The files that are read; whatever else it holds is left in it.
    public let members: [Member]
  }

  /// A file that is read, and the paths below the set's folder where it is looked for.
  public struct Part: Sendable {
    /// The name as its publisher spells it.
    public let name: String
    /// The first of these that exists is taken.
    public let places: [String]
  }

  /// The name on the command line.
  public let name: String
  /// One line: what the set holds.
  public let summary: String
  /// The work to cite: authors, title, where it appeared and when; nil where there is none.
  public let origin: String?
  /// Under which terms it may be used.
  public let licence: String
  /// The name of its folder in a data folder.
  public let folder: String
  /// The member of MedMNIST and the side of its images, where it is one.
  public let member: (name: String, size: Int)?
  /// The files; none for a set that the program makes itself.
  public let files: [File]
  /// The folders to download from, in the order in which they are tried.
  public let addresses: [URL]

  /// - Parameter folder: the set's name where left out.
  init(
    name: String, summary: String, origin: String?, licence: String, folder: String? = nil,
    member: (name: String, size: Int)? = nil, files: [File], addresses: [URL]
  ) {
    self.name = name
    self.summary = summary
    self.origin = origin
    self.licence = licence
    self.folder = folder ?? name
    self.member = member
    self.files = files
    self.addresses = addresses
  }

  /// The files that are read: the published ones, or what they unpack to.
  public var parts: [Part] {
    files.flatMap { file in
      guard let archive = file.archive else {
        return [Part(name: file.name, places: file.spellings)]
      }
      return archive.members.map {
        Part(name: $0.name, places: [$0.name, "\(archive.folder)/\($0.name)"])
      }
    }
  }

  /// The files of the set in a folder, in the order of ``parts``; nil for each one that is not
  /// there.
  public func find(in folder: URL) -> [URL?] {
    parts.map { part in
      part.places.map { folder.appendingPathComponent($0) }
        .first { FileManager.default.fileExists(atPath: $0.path) }
    }
  }
}

/// The data sets that the tool knows.
public enum DataCatalogue {
  /// All of them, in the order in which they are listed.
  public static let sources: [DataSource] =
    [mnist, cifar10, cifar100, drawnDigits, ett] + MedMNIST.sources

  /// The set of a name; throws a usage error that lists the names there are, those of MedMNIST
  /// without their sizes.
  public static func source(named name: String) throws -> DataSource {
    if let source = sources.first(where: { $0.name == name }) { return source }
    let single = sources.filter { $0.member == nil }.map(\.name)
    throw AdjointError(
      .usage, unknown("data set", name, among: single + MedMNIST.members.map(\.name)))
  }

  /// The MNIST database of handwritten digits.
  public static let mnist = DataSource(
    name: "mnist",
    summary: "handwritten digits, 60,000 to train and 10,000 to test, 28×28 grey, 10 classes",
    origin:
      "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, \"Gradient-based learning applied to document recognition\", "
      + "Proceedings of the IEEE 86, 1998, doi 10.1109/5.726791",
    licence: "CC BY-SA 3.0 (LeCun, Cortes and Burges)",
    files: [
      .init(
        name: "train-images-idx3-ubyte.gz", byteCount: 9_912_422,
        md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      .init(
        name: "train-labels-idx1-ubyte.gz", byteCount: 28_881,
        md5: "d53e105ee54ea40749a09fcbcd1e9432",
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      .init(
        name: "t10k-images-idx3-ubyte.gz", byteCount: 1_648_877,
        md5: "9fb629c4189551a2d022fa330f9573f3",
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      .init(
        name: "t10k-labels-idx1-ubyte.gz", byteCount: 4_542,
        md5: "ec29112dd5afa0611ce80d1b7f02629c",
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ],
    // The authors' own address speaks no TLS, so the mirror is asked first.
    addresses: [
      URL(string: "https://ossci-datasets.s3.amazonaws.com/mnist/")!,
      URL(string: "http://yann.lecun.com/exdb/mnist/")!,
    ])

  private static let krizhevsky =
    "A. Krizhevsky, \"Learning multiple layers of features from tiny images\", technical report, "
    + "University of Toronto, 2009"

  /// The CIFAR-10 images of ten classes of things, in the publisher's binary version.
  public static let cifar10 = DataSource(
    name: "cifar10",
    summary: "photographs, 50,000 to train and 10,000 to test, 32×32 colour, 10 classes",
    origin: krizhevsky,
    licence: "none stated; the publisher asks to cite Krizhevsky 2009",
    files: [
      .init(
        name: "cifar-10-binary.tar.gz", byteCount: 170_052_171,
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        archive: .init(
          folder: "cifar-10-batches-bin",
          members: CIFAR10.fileNames.map { .init(name: $0, byteCount: 30_730_000) }))
    ],
    addresses: [URL(string: "https://www.cs.toronto.edu/~kriz/")!])

  /// The CIFAR-100 images of a hundred classes of things, in the publisher's binary version.
  public static let cifar100 = DataSource(
    name: "cifar100",
    summary:
      "photographs, 50,000 to train and 10,000 to test, 32×32 colour, 100 classes in 20 groups",
    origin: krizhevsky,
    licence: "none stated; the publisher asks to cite Krizhevsky 2009",
    files: [
      .init(
        name: "cifar-100-binary.tar.gz", byteCount: 168_513_733,
        md5: "03b5dce01913d631647c71ecec9e9cb8",
        archive: .init(
          folder: "cifar-100-binary",
          members: [
            .init(name: "train.bin", byteCount: 153_700_000),
            .init(name: "test.bin", byteCount: 30_740_000),
          ]))
    ],
    addresses: [URL(string: "https://www.cs.toronto.edu/~kriz/")!])

  /// The digits of ``DrawnDigits``, which need no files.
  public static let drawnDigits = DataSource(
    name: "drawn-digits",
    summary: "handwritten-like digits that the program draws, any number, 28×28 grey, 10 classes",
    origin: nil, licence: "that of the program", files: [], addresses: [])
}
