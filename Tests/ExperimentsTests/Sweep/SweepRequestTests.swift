import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct SweepRequestTests {
  private func request(
    _ space: [String], _ method: SweepMethod? = nil, trials: Int? = nil,
    metric: String? = nil, minimize: Bool? = nil, seed: UInt64? = nil,
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
    #expect(try request(["hidden=1,2", "learning_rate=log(0.1,1)"], .halving).trials == 27)
    #expect(try request(["hidden=1,2"], .grid, trials: 2).trials == 2)
  }

  /// There may be fewer combinations than trials by default.
  @Test func trialsOfFewCombinations() throws {
    let grid = ["hidden=1,2", "batch_size=8,16"]
    #expect(try request(grid, .random).trials == 4)
    #expect(try request(grid, .halving).trials == 4)
    #expect(try request(["hidden=int(1,5)"]).trials == 5)
    #expect(try request(["hidden=int(1,20)"], .halving).trials == 20)
    #expect(try request(["hidden=int(1,60)"]).trials == 20)
    #expect(try request(["hidden=int(1,60)"], .halving).trials == 27)
    #expect(try request(grid, .random, trials: 4).trials == 4)
    #expect(try request(grid, .random, trials: 3).trials == 3)
    expectError(
      .usage, "--trials 5: these settings have 4 combinations, and none is drawn twice"
    ) { _ = try request(grid, .random, trials: 5) }
    expectError(
      .usage, "--trials 27: these settings have 4 combinations, and none is drawn twice"
    ) { _ = try request(grid, .halving, trials: 27) }
    expectError(
      .usage,
      "--method halving: takes at least 3 trials, and these settings have 2 combinations; --method random "
        + "tries them all"
    ) { _ = try request(["hidden=1,2"], .halving) }
  }

  /// As many trials as there are combinations are all of them; fewer are all different.
  @Test(arguments: [SweepMethod.random, .halving])
  func noTrialTwice(method: SweepMethod) throws {
    func drawn(_ space: [String], _ trials: Int, _ seed: UInt64) throws -> [String] {
      let sweep = try request(space, method, trials: trials, seed: seed)
      return try (0..<trials).map { trial in
        sweep.settings(trial, in: try SearchSpace(space)).map(\.value).joined(separator: "/")
      }
    }
    for seed: UInt64 in 0..<20 {
      let all = try drawn(["hidden=1,2", "batch_size=8,16"], 4, seed)
      #expect(all.sorted() == ["1/16", "1/8", "2/16", "2/8"])
      #expect(try drawn(["hidden=1,2", "batch_size=8,16"], 3, seed) == Array(all.prefix(3)))
      #expect(try Set(drawn(["hidden=int(1,100)"], 60, seed)).count == 60)
    }
  }

  /// What was written by a version that knew nothing of it stays as it was, and so do draws from ranges.
  @Test func howIsWrittenDown() throws {
    func text(_ sweep: SweepRequest) throws -> String {
      String(decoding: try JSONEncoder().encode(sweep), as: UTF8.self)
    }
    let lists = try request(["hidden=1,2", "batch_size=8,16"], .random)
    #expect(try text(lists).contains(#""drawing":"without replacement""#))
    #expect(try !text(request(["hidden=1,2"], .grid)).contains("drawing"))
    let ranges = try request(["hidden=1,2", "learning_rate=log(0.1,1)"])
    #expect(try !text(ranges).contains("drawing"))
    var keys = try #require(
      try JSONSerialization.jsonObject(with: Data(text(lists).utf8)) as? [String: Any])
    keys["drawing"] = nil
    let old = try JSONDecoder().decode(
      SweepRequest.self, from: JSONSerialization.data(withJSONObject: keys))
    let space = try SearchSpace(lists.space)
    for trial in 0..<8 {
      var random = Philox(seed: 0, stream: UInt64(trial))
      let values = [random.uniform() < 0.5 ? "1" : "2", random.uniform() < 0.5 ? "8" : "16"]
      #expect(old.settings(trial, in: space).map(\.value) == values)
    }
  }

  @Test func trainingOfTheBest() throws {
    var request = try Script.request(["hidden=1,2"])
    #expect(request.trainingOfTheBest == "adjoint train mnist-mlp --config best.json")
    request.dataDir = "/my data"
    #expect(
      request.trainingOfTheBest
        == "adjoint train mnist-mlp --config best.json --data-dir '/my data'")
  }

  @Test func readRequestsHaveValuesForTheirTrials() throws {
    func check(_ text: String, _ trials: Int) throws {
      let space = ["hidden=1,2", "batch_size=8,16"]
      let json = #"""
        {"experiment":"mnist-mlp","space":["hidden=1,2","batch_size=8,16"],"trials":\#(trials),\#(text),
        "metric":"train_loss","minimize":true,"seed":0,"threads":1,"data":"","unit":"epochs","version":"",
        "rungs":[]}
        """#
      try JSONDecoder().decode(SweepRequest.self, from: Data(json.utf8))
        .requireTrials(in: SearchSpace(space), file: "f")
    }
    let once = #""method":"random","drawing":"without replacement""#
    try check(once, 4)
    expectError(.badData, "f: expected 1 to 4 trials, found 5") { try check(once, 5) }
    expectError(.badData, "f: expected 1 to 4 trials, found 0") { try check(once, 0) }
    try check(#""method":"grid""#, 4)
    expectError(.badData, "f: expected 1 to 4 trials, found 5") {
      try check(#""method":"grid""#, 5)
    }
    try check(#""method":"random""#, 100_000)
    expectError(.badData, "f: expected 1 to 100000 trials, found 100001") {
      try check(#""method":"random""#, 100_001)
    }
  }

  @Test(arguments: [
    ("mnist-mlp", "validation_accuracy", false), ("etth1", "validation_mse", true),
    ("vae-2d", "sliced_wasserstein", true), ("vae-mnist", "validation_elbo", false),
    ("cascade", "train_loss", true), ("two-layer-toy", "train_loss", true),
  ])
  func metricThatSuitsTheExperiment(name: String, metric: String, minimizes: Bool) throws {
    let sweep = try SweepRequest(experiment: name, space: ["hidden=1,2"], threads: 1)
    #expect(sweep.metric == metric && sweep.minimize == minimizes)
    let other = try SweepRequest(
      experiment: name, space: ["hidden=1,2"], metric: "validation_auc", threads: 1)
    #expect(other.metric == "validation_auc")
  }

  @Test func directionOfEveryExperimentsMetric() {
    for kind in ExperimentCatalogue.all {
      #expect(Metric(kind.searchMetric).isHigherBetter != nil, "\(kind.information.name)")
    }
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

  @Test func experimentThatThereIsNot() {
    let names = ExperimentCatalogue.all.map { $0.information.name }
    expectError(.usage, unknown("experiment", "mnist-mpl", among: names)) {
      _ = try SweepRequest(experiment: "mnist-mpl", space: ["hidden=1,2"], threads: 1)
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
