import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct SweepRequestTests {
  private func request(
    _ space: [String], _ method: SweepMethod? = nil, trials: Int? = nil,
    metric: String = "validation_accuracy", minimize: Bool? = nil, seed: UInt64? = nil,
    epochs: Int? = nil, steps: Int? = nil
  ) throws -> SweepRequest {
    try SweepRequest(
      experiment: "mnist-mlp", space: space, method: method, trials: trials, metric: metric,
      minimize: minimize, seed: seed, threads: 1, epochs: epochs, steps: steps)
  }

  @Test func whatIsChosenWhereNothingIsSaid() throws {
    let grid = try request(["hidden=1,2,3", "batch_size=8,16"])
    #expect(grid.method == .grid && grid.trials == 6 && !grid.minimize)
    let random = try request(["hidden=1,2", "learning_rate=log(0.1,1)"])
    #expect(random.method == .random && random.trials == 20)
    #expect(try request(["hidden=1,2"], .halving).trials == 27)
    #expect(try request(["hidden=1,2"], .grid, trials: 2).trials == 2)
  }

  @Test(arguments: [
    ("validation_loss", true), ("train_loss", true), ("validation_mse", true), ("mae", true),
    ("validation_accuracy", false), ("validation_auc", false), ("elbo", false),
    ("train_negative_elbo", true), ("validation_elbo", false), ("sliced_wasserstein_ratio", true),
    ("mmd_ratio", true), ("train_reconstruction", true), ("validation_divergence", true),
  ])
  func directionByName(metric: String, minimizes: Bool) throws {
    #expect(try request(["hidden=1,2"], metric: metric).minimize == minimizes)
    #expect(
      try request(["hidden=1,2"], metric: metric, minimize: !minimizes).minimize == !minimizes)
  }

  @Test func whatIsRefused() {
    let one = "a sweep needs a setting with several values: --set key=a,b,c or key=log(lo,hi)"
    expectError(.usage, one) { _ = try request([]) }
    expectError(.usage, one) { _ = try request(["hidden=5"]) }
    expectError(
      .usage,
      "--metric test_accuracy: the test part must not choose among trials, or its figure says nothing of "
        + "new data; take a metric of the validation part"
    ) { _ = try request(["hidden=1,2"], metric: "test_accuracy") }
    expectError(.usage, "--trials 0: has to be in 1 … 100000") {
      _ = try request(["hidden=1,2"], .random, trials: 0)
    }
    expectError(
      .usage, "--trials 5: this grid has 2 combinations; --method random tries some of them"
    ) { _ = try request(["hidden=1,2"], trials: 5) }
    let many = (0..<4).map { "k\($0)=" + (0..<20).map { "\($0)" }.joined(separator: ",") }
    expectError(
      .usage, "this grid has more than 100000 combinations; --method random tries some of them"
    ) { _ = try request(many) }
    expectError(
      .usage,
      "--set r=log(1,2): a grid tries every value and takes lists (r=a,b,c); --method random draws from "
        + "ranges"
    ) { _ = try request(["hidden=1,2", "r=log(1,2)"], .grid) }
    expectError(.usage, "--epochs and --set epochs exclude one another") {
      _ = try request(["epochs=1,2"], epochs: 3)
    }
    expectError(.usage, "--epochs and --set steps exclude one another") {
      _ = try request(["hidden=1,2", "steps=50"], epochs: 3)
    }
    expectError(.usage, "--steps and --set epochs exclude one another") {
      _ = try request(["epochs=1,2"], steps: 90)
    }
    expectError(
      .usage, "--seed 7: a grid draws nothing; what trials draw from is --set seed=7"
    ) { _ = try request(["hidden=1,2"], seed: 7) }
    expectError(.usage, "--set steps=10,20: --method halving itself divides the steps") {
      _ = try request(["steps=10,20"], .halving)
    }
  }

  @Test func commandThatMakesIt() throws {
    let sweep = try request(
      ["hidden=1,2", "learning_rate=log(0.1,1)"], .halving, metric: "validation_loss",
      minimize: false, seed: 4, steps: 90)
    #expect(
      sweep.command
        == "adjoint sweep mnist-mlp --set hidden=1,2 --set 'learning_rate=log(0.1,1)' --method halving "
        + "--trials 27 --seed 4 --steps 90 --metric validation_loss --maximize --threads 1")
  }

  /// Lists stay lists, also where a folder has a comma in its name.
  @Test func pathsAreFromTheRoot() throws {
    var sweep = try SweepRequest(
      experiment: "pathmnist-finetune",
      space: [
        "weights=w/a.pth,/b.pth,name.pth", "compare=run|x,/y", "tune=head,full",
        "learning-rate=log(0.1,1)",
      ], threads: 1)
    try sweep.rootPaths()
    let here = FileManager.default.currentDirectoryPath
    #expect(
      sweep.space == [
        "weights=\(here)/w/a.pth,/b.pth,name.pth", "compare=\(here)/run|\(here)/x,/y",
        "tune=head,full", "learning-rate=log(0.1,1)",
      ])
    sweep.space = ["weights=w/a,b.pth|", "tune=head,full"]
    try sweep.rootPaths()
    #expect(sweep.space == ["weights=\(here)/w/a,b.pth|", "tune=head,full"])
  }

  @Test func epochsAndStepsAreChangesOfEachTrial() throws {
    func changes(_ sweep: SweepRequest) throws -> [String] {
      sweep.changes(1, in: try SearchSpace(sweep.space)).map { "\($0.key)=\($0.value)" }
    }
    #expect(try changes(request(["hidden=1,2"], steps: 90)) == ["hidden=2", "steps=90"])
    #expect(
      try changes(request(["hidden=1,2"], epochs: 3)) == ["hidden=2", "epochs=3"])
  }
}
