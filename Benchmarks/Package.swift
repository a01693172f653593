// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the users of Adjoint need not fetch what only its benchmarks use. Without
// its default traits the benchmark library replaces no allocator and no run-time entry: what is timed is
// what ships.
let package = Package(
  name: "AdjointBenchmarks",
  dependencies: [
    .package(name: "Adjoint", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "Operations",
      dependencies: [
        .product(name: "Adjoint", package: "Adjoint"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Operations",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ],
  swiftLanguageModes: [.v6]
)
