import Foundation
import Tensors

extension MedMNIST {
  /// What is known of a member before its file is read.
  public struct Member: Sendable {
    /// The name of its files and on the command line, like `pathmnist`.
    public let name: String
    /// The name as its publishers write it, like `PathMNIST`.
    public let title: String
    /// What the images show.
    public let subject: String
    /// 1 for grey, 3 for colour.
    public let channels: Int
    /// How many images the published parts have: training, validation, test.
    public let counts: (train: Int, validation: Int, test: Int)
    /// What the classes are called, in the order of their numbers.
    public let classNames: [String]
    /// Whether an image can be of several classes at once, or of none.
    public var hasSeveralLabels = false
    /// Under which terms it may be used.
    public let licence: String
    /// The MD5 sums of the published files, in the order of ``MedMNIST/sizes``.
    let checksums: [String]
  }

  /// The members, with the sizes and the checksums that version 3.0.2 of the publishers' package states.
  ///
  /// The three sets of organs were published again with that version: their parts are some images
  /// smaller than the paper has them.
  public static let members: [Member] = [
    Member(
      name: "pathmnist", title: "PathMNIST",
      subject: "colon tissue under the microscope, H&E stain", channels: 3,
      counts: (train: 89_996, validation: 10_004, test: 7_180),
      classNames: [
        "adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle",
        "normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma epithelium",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "a8b06965200029087d5bd730944a56c1",
        "55aa9c1e0525abe5a6b9d8343a507616",
        "ac42d08fb904d92c244187169d1fd1d9",
        "2c51a510bcdc9cf8ddb2af93af1eadec",
      ]),
    Member(
      name: "chestmnist", title: "ChestMNIST", subject: "chest X-rays by their findings",
      channels: 1,
      counts: (train: 78_468, validation: 11_219, test: 22_433),
      classNames: [
        "atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule", "pneumonia",
        "pneumothorax", "consolidation", "edema", "emphysema", "fibrosis", "pleural",
        "hernia",
      ],
      hasSeveralLabels: true,
      licence: "CC BY 4.0",
      checksums: [
        "02c8a6516a18b556561a56cbdd36c4a8",
        "9de6cd0b934ebb5b7426cfba5efbae16",
        "db107e5590b27930b62dbaf558aebee3",
        "45bd33e6f06c3e8cdb481c74a89152aa",
      ]),
    Member(
      name: "dermamnist", title: "DermaMNIST", subject: "pigmented skin lesions", channels: 3,
      counts: (train: 7_007, validation: 1_003, test: 2_005),
      classNames: [
        "actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma",
        "benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi",
        "vascular lesions",
      ],
      licence: "CC BY-NC 4.0",
      checksums: [
        "0744692d530f8e62ec473284d019b0c7",
        "b70a2f5635c6199aeaa28c31d7202e1f",
        "2defd784463fa5243564e855ed717de1",
        "8974907d8e169bef5f5b96bc506ae45d",
      ]),
    Member(
      name: "octmnist", title: "OCTMNIST", subject: "optical coherence tomography of the retina",
      channels: 1,
      counts: (train: 97_477, validation: 10_832, test: 1_000),
      classNames: [
        "choroidal neovascularization", "diabetic macular edema", "drusen", "normal",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "c68d92d5b585d8d81f7112f81e2d0842",
        "e229e9440236b774d9f0dfef9d07bdaf",
        "0a97e76651ace45c5d943ee3f65b63ae",
        "abc493b6d529d5de7569faaef2773ba3",
      ]),
    Member(
      name: "pneumoniamnist", title: "PneumoniaMNIST", subject: "chest X-rays of children",
      channels: 1,
      counts: (train: 4_708, validation: 524, test: 624),
      classNames: [
        "normal", "pneumonia",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "28209eda62fecd6e6a2d98b1501bb15f",
        "8f4eceb4ccffa70c672198ea285246c6",
        "05b46931834c231683c68f40c47b2971",
        "d6a3c71de1b945ea11211b03746c1fe1",
      ]),
    Member(
      name: "retinamnist", title: "RetinaMNIST", subject: "retinas by the grade of retinopathy",
      channels: 3,
      counts: (train: 1_080, validation: 120, test: 400),
      classNames: [
        "0", "1", "2", "3", "4",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "bd4c0672f1bba3e3a89f0e4e876791e4",
        "afda852cc34dcda56f86ad2b2457dbcc",
        "e48e916a24454daf90583d4e6efb1a18",
        "eae7e3b6f3fcbda4ae613ebdcbe35348",
      ]),
    Member(
      name: "breastmnist", title: "BreastMNIST", subject: "ultrasound of the breast", channels: 1,
      counts: (train: 546, validation: 78, test: 156),
      classNames: [
        "malignant", "normal, benign",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "750601b1f35ba3300ea97c75c52ff8f6",
        "742edef2a1fd1524b2efff4bd7ba9364",
        "363e4b3f8d712e9b5de15470a2aaadf1",
        "b56378a6eefa9fed602bb16d192d4c8b",
      ]),
    Member(
      name: "bloodmnist", title: "BloodMNIST", subject: "blood cells under the microscope",
      channels: 3,
      counts: (train: 11_959, validation: 1_712, test: 3_421),
      classNames: [
        "basophil", "eosinophil", "erythroblast", "immature granulocytes", "lymphocyte", "monocyte",
        "neutrophil", "platelet",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "7053d0359d879ad8a5505303e11de1dc",
        "2b94928a2ae4916078ca51e05b6b800b",
        "adace1e0ed228fccda1f39692059dd4c",
        "b718ff6835fcbdb22ba9eacccd7b2601",
      ]),
    Member(
      name: "tissuemnist", title: "TissueMNIST", subject: "cells of the kidney cortex", channels: 1,
      counts: (train: 165_466, validation: 23_640, test: 47_280),
      classNames: [
        "collecting duct, connecting tubule", "distal convoluted tubule",
        "glomerular endothelial cells", "interstitial endothelial cells", "leukocytes", "podocytes",
        "proximal tubule segments", "thick ascending limb",
      ],
      licence: "CC BY 4.0",
      checksums: [
        "ebe78ee8b05294063de985d821c1c34b",
        "123ece2eba09d0aa5d698fda57103344",
        "61b955355d7425a89687b06cca3ce0c2",
        "b077128c4a949f0a4eb01517f9037b9c",
      ]),
    Member(
      name: "organamnist", title: "OrganAMNIST", subject: "abdominal CT, axial", channels: 1,
      counts: (train: 34_561, validation: 6_491, test: 17_778),
      classNames: organs,
      licence: "CC BY 4.0",
      checksums: [
        "68e3f8846a6bd62f0c9bf841c0d9eacc",
        "2dcccc29b88e6da5a01161ef20cda288",
        "eeae80d0a227a8d099027e1b3cfd3b60",
        "50747347e05c87dd3aaf92c49f9f3170",
      ]),
    Member(
      name: "organcmnist", title: "OrganCMNIST", subject: "abdominal CT, coronal", channels: 1,
      counts: (train: 12_975, validation: 2_392, test: 8_216),
      classNames: organs,
      licence: "CC BY 4.0",
      checksums: [
        "b9ceb9546e10131b32923c5bbeaea2b1",
        "3ce34a8724ea6f548e6db4744d03b6a9",
        "773c1f009daa3fe5d9a2a201b2a7ed94",
        "050f5e875dc056f6768abf94ec9995d1",
      ]),
    Member(
      name: "organsmnist", title: "OrganSMNIST", subject: "abdominal CT, sagittal", channels: 1,
      counts: (train: 13_932, validation: 2_452, test: 8_827),
      classNames: organs,
      licence: "CC BY 4.0",
      checksums: [
        "9ab87b696fb54e2a387ebe992d6ed5f1",
        "53a6d115339d874c25e309a994ff46d3",
        "ded0c5fa01a95dc4978b956f613e9b8e",
        "b354719e553fbbb2513d5533f52a4cb1",
      ]),
  ]

  private static let organs = [
    "bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver",
    "lung-left", "lung-right", "pancreas", "spleen",
  ]
}

extension MedMNIST {
  /// The data sets by which the tool knows the members: those of 28 × 28 pixels by the member's name,
  /// larger ones with the size behind it, like `pathmnist_64`.
  static let sources: [DataSource] = members.flatMap { member in
    sizes.indices.map { source(of: member, index: $0) }
  }

  /// The data set of a member and a size; throws a usage error for a size that there is none of.
  public static func source(of member: Member, size: Int) throws -> DataSource {
    guard let index = sizes.firstIndex(of: size) else {
      throw AdjointError(
        .usage,
        "\(member.name): there is no size \(size); known are "
          + sizes.map(String.init).joined(separator: ", "))
    }
    return source(of: member, index: index)
  }

  private static func source(of member: Member, index: Int) -> DataSource {
    let size = sizes[index]
    let name = size == 28 ? member.name : "\(member.name)_\(size)"
    let (train, validation, test) = member.counts
    let imageCount = train + validation + test
    // Nobody states the sizes of the files: they are at most what they unpack to, and a little.
    let labels = member.hasSeveralLabels ? member.classNames.count : 1
    let most = imageCount * (size * size * member.channels + labels) * 1001 / 1000 + 1 << 16
    return DataSource(
      name: name,
      summary: member.summary(of: ["\(size)×\(size)"]),
      origin:
        "J. Yang, R. Shi, D. Wei, Z. Liu, L. Zhao, B. Ke, H. Pfister and B. Ni, \"MedMNIST v2: a large-scale "
        + "lightweight benchmark for 2D and 3D biomedical image classification\", Scientific Data 10:41, 2023, "
        + "doi 10.1038/s41597-022-01721-8",
      licence: member.licence, folder: folder, member: (member.name, size),
      files: [
        .init(name: "\(name).npz", atMost: most, md5: member.checksums[index])
      ],
      addresses: [URL(string: "https://zenodo.org/records/10519652/files/")!])
  }
}

extension MedMNIST.Member {
  /// One line: what the member holds.
  public var summary: String { summary(of: MedMNIST.sizes.map { "\($0)×\($0)" }) }

  fileprivate func summary(of sizes: [String]) -> String {
    let numbers = [counts.train, counts.validation, counts.test].map(Self.grouped)
    let classes =
      "\(classNames.count) \(hasSeveralLabels ? "labels, any number an image" : "classes")"
    return """
      \(subject), \(numbers.joined(separator: " / ")), \(sizes.joined(separator: ", ")) \
      \(channels == 1 ? "grey" : "colour"), \(classes)
      """
  }

  private static func grouped(_ number: Int) -> String {
    let digits = String(number)
    return digits.count <= 3 ? digits : "\(grouped(number / 1000)),\(digits.suffix(3))"
  }
}
