import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

/// The short form of Soak/parts/determinism.py: the same bytes whatever else the machine does.
@Suite(.serialized) struct DeterminismTests {
  /// Processes that want a core each, for as long as this is there.
  private final class BusyCores {
    private let burners: [Process]

    init(_ count: Int) throws {
      burners = try (0..<count).map { _ in
        let burner = Process()
        burner.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Ends by itself where nobody is left to end it.
        burner.arguments = ["-c", "while kill -0 $PPID; do :; done"]
        try burner.run()
        return burner
      }
    }

    deinit {
      for burner in burners {
        // The thread that started it may have had all other signals blocked.
        kill(burner.processIdentifier, SIGKILL)
        burner.waitUntilExit()
      }
    }
  }

  /// The log and all files of the newest checkpoint, by name.
  private func files(_ folder: TemporaryFolder, _ run: String) throws -> [String: Data] {
    let newest = try #require(folder.contents("\(run)/checkpoints").last)
    let names =
      ["metrics.jsonl"]
      + folder.contents("\(run)/checkpoints/\(newest)").map { "checkpoints/\(newest)/\($0)" }
    return Dictionary(
      uniqueKeysWithValues: try names.map { ($0, try folder.bytes("\(run)/\($0)")) })
  }

  private static let resnet = [
    "pathmnist-resnet18", "--data-dir", ".", "--set", "network=resnet20", "--set", "size=28",
    "--batch-size", "16", "--set", "augment=flip,crop4:reflect,jitter0.2,mixup0.2", "--steps", "3",
  ]

  @Test(
    arguments: [
      [
        "mnist-mlp", "--set", "drawn_train=640", "--set", "drawn_test=100", "--set", "hidden=512",
        "--batch-size", "64", "--steps", "30",
      ],
      [
        "vae-2d", "--set", "samples_per_epoch=5120", "--set", "evaluation_points=200", "--steps",
        "30",
      ],
      resnet, resnet + ["--precision", "bfloat16"],
    ])
  func theSameBytesUnderLoad(words: [String]) throws {
    let folder = try TemporaryFolder()
    if words.contains("--data-dir") {
      let drawn = try Command.run(
        [
          "data", "synthesize", "pathmnist", "--size", "28", "--count", "60", "--output",
          "medmnist",
        ], in: folder)
      #expect(drawn.status == 0, "\(drawn.errors)")
    }
    let train =
      ["train"] + words + [
        "--threads", "\(min(2, Threads.available))", "--seed", "3", "--quiet", "--output",
      ]
    let idle = try Command.run(train + ["idle"], in: folder)
    #expect(idle.status == 0, "\(idle.errors)")
    let first = try files(folder, "idle")
    #expect(first.count > 3)
    try withExtendedLifetime(BusyCores(Threads.available)) {
      _ = try Command.run(train + ["busy"], in: folder)
    }
    let again = try files(folder, "busy")
    #expect(again.keys.sorted() == first.keys.sorted())
    #expect(first.keys.filter { first[$0] != again[$0] }.isEmpty)
  }
}
