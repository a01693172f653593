// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the users of Adjoint build none of it. `Soak/parts/fuzzing.py` says how it is built.
let package = Package(
  name: "AdjointFuzzing",
  dependencies: [.package(name: "Adjoint", path: "../..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "Fuzz", dependencies: ["CFuzzer", .product(name: "Adjoint", package: "Adjoint")]),
  ],
  swiftLanguageModes: [.v6]
)
