// swift-tools-version: 6.3
import PackageDescription

/// The C++ rooms are optimised in debug builds too: nobody trains a hundred times too slow by accident.
let optimized: [CXXSetting] = [
  .unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=fast", "-Wall", "-Wextra"]),
  .headerSearchPath("."),  // Highway compiles a file once for each instruction set by including it
  .define("HWY_SHARED_DEFINE"),
  .define("HWY_DISABLED_TARGETS", to: "HWY_SSSE3"),
]

/// A room of the house. Tests/HouseTests holds its imports against the table in ARCHITECTURE.md.
func room(
  _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a room; `Reference` holds values from elsewhere and the scripts that made them. Tests that loop over
/// elements themselves are optimised; the others are not, and compile in half the time.
func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], hasReference: Bool = false,
  hasLoops: Bool = false
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
    resources: hasReference ? [.copy("Reference")] : [],
    swiftSettings: hasLoops ? [] : [.unsafeFlags(["-Onone"])])
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// The rooms that a program sees through the umbrella.
let library: [Target.Dependency] = [
  "Tensors", "Layers", "Optimizers", "Attribution", "Derivations", "Checkpoints", "Datasets",
  "EventLog", "Figures", "Models", "Training",
]

let package = Package(
  name: "Adjoint",
  products: [
    .library(name: "Adjoint", targets: ["Adjoint"]),
    .executable(name: "adjoint", targets: ["AdjointCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CDNNL", path: "Sources/System/CDNNL", pkgConfig: "dnnl",
      providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/System/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-openmp-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CHighway", path: "Sources/System/CHighway",
      providers: [.apt(["libhwy-dev"]), .brew(["highway"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CPNG", path: "Sources/System/CPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", path: "Sources/System/CJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CZip", path: "Sources/System/CZip", pkgConfig: "libzip",
      providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .systemLibrary(
      name: "CCrypto", path: "Sources/System/CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

    .target(
      name: "CKernels", dependencies: ["CHighway"], cxxSettings: optimized,
      linkerSettings: [.linkedLibrary("hwy"), .linkedLibrary("gomp", .when(platforms: [.linux]))]),
    .target(
      name: "COneDNN", dependencies: ["CDNNL", "CKernels"],
      cxxSettings: optimized + [.headerSearchPath("../CKernels")]),
    room("Tensors", ["CKernels", "COneDNN", "COpenBLAS"]),
    room("Layers", ["Tensors"]),
    room("Optimizers", ["Tensors"]),
    room("Attribution", ["Tensors", "Layers"]),
    // A pass that takes a third of this room's compilation, on the long literals of its documents, for nothing.
    room(
      "Derivations", ["Tensors"],
      settings: [.unsafeFlags(["-Xllvm", "-sil-disable-pass=release-hoisting"])]),
    room("Archives", ["Tensors", "CZip", "CCrypto"]),
    room("Checkpoints", ["Tensors", "Archives"]),
    room("Datasets", ["Tensors", "Archives", "CZlib", "CPNG", "CJPEG"]),
    room("EventLog", []),
    room("Figures", ["CPNG"]),
    room("Models", ["Tensors", "Layers"]),
    room("Training", ["Tensors", "Layers", "Optimizers", "Checkpoints", "EventLog", "Figures"]),
    room("Experiments", library),
    room("Adjoint", library),
    .target(name: "CStartup"),
    .executableTarget(
      name: "AdjointCommand", dependencies: ["Experiments", "CStartup", argumentParser]),

    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    tests("Tensors", ["TestSupport"], hasReference: true, hasLoops: true),
    tests("Layers", ["Tensors", "TestSupport"], hasReference: true),
    tests("Optimizers", ["Tensors", "TestSupport"], hasReference: true),
    tests("Attribution", ["Tensors", "Layers", "TestSupport"], hasReference: true),
    tests("Derivations", ["Tensors", "Layers", "Models", "TestSupport"], hasReference: true),
    tests("Archives", ["Tensors", "TestSupport"]),
    tests("Checkpoints", ["Tensors", "TestSupport"], hasReference: true),
    tests("Datasets", ["Tensors", "TestSupport"], hasReference: true, hasLoops: true),
    tests("EventLog", ["TestSupport"], hasReference: true),
    tests("Figures", ["TestSupport"], hasReference: true),
    tests("Models", ["Tensors", "Layers", "TestSupport"], hasReference: true),
    tests(
      "Training",
      [
        "Tensors", "Layers", "Optimizers", "Models", "Checkpoints", "EventLog", "Figures",
        "TestSupport",
      ], hasReference: true),
    tests(
      "Experiments",
      [
        "Training", "Derivations", "Datasets", "Tensors", "Layers", "Optimizers", "Checkpoints",
        "EventLog", "Figures", "TestSupport",
      ],
      hasReference: true),
    tests("Adjoint", ["TestSupport"]),
    tests(
      "AdjointCommand",
      [
        "Experiments", "Tensors", "Checkpoints", "Datasets", "Training", "TestSupport",
        argumentParser,
      ]),
    .testTarget(name: "HouseTests"),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
