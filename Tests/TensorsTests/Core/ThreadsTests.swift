import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Tensors

/// The team of threads; each test in a process of its own.
@Suite struct ThreadsTests {
  @Test func available() {
    #expect(Threads.available >= 1)
    #expect(Threads.available <= ProcessInfo.processInfo.processorCount)
    #expect(["baseline", "SSE4", "AVX2", "AVX3", "NEON"].contains(Threads.vectorTarget))
    #expect(Threads.oneDNNVersion.wholeMatch(of: /3\.[0-9]+\.[0-9]+/) != nil)
  }

  @Test(arguments: [1, 2, 3, 8])
  func denormalsAreFlushedOnEveryThread(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      Threads.use(threads)
      #expect(Threads.count == threads)
      #expect(Threads.flushesDenormals)
      // 2⁻⁷⁵ squared would be denormal; long enough to be shared out over the team.
      let x = Tensor.full([500_000], 0x1p-75)
      #expect((x * x).floats.allSatisfy { $0 == 0 })
      // Products for oneDNN and for our own loop too.
      for side in [20, 200] {
        let matrix = Tensor.full([side, side], 0x1p-75)
        #expect(matmul(matrix, matrix).floats.allSatisfy { $0 == 0 })
      }
      // A larger team later flushes as well.
      Threads.use(threads + 1)
      #expect(Threads.flushesDenormals)
    }
  }

  /// What was chosen holds on whichever thread the work is done.
  @Test func theChoiceIsTheProcesss() async {
    await #expect(processExitsWith: .success) {
      Threads.use(1)
      // Plain values come back: that a continuation orders what they point to, the thread sanitizer does not see.
      let (count, isFlushed): (Int, Bool) = await withCheckedContinuation { continuation in
        Thread {
          let x = Tensor.full([100], 0x1p-75)
          let isFlushed = (x * x).floats.allSatisfy { $0 == 0 }
          continuation.resume(returning: (Threads.count, isFlushed))
        }.start()
      }
      #expect(count == 1)
      #expect(isFlushed)
    }
  }

  /// Workers that have gone to sleep are woken; libraries that want the team for themselves get it, and it comes
  /// back: one pool of threads, whoever uses it.
  @Test(arguments: [2, 3])
  func theTeamIsHandedOver(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      Threads.use(threads)
      let ones = Tensor.ones([100_000])
      #expect(ThreadsTests.addUp(ones + ones) == 200_000)
      let before = try ThreadsTests.threadCount()
      for _ in 0..<20 {
        // OpenBLAS; then a single image, which oneDNN takes with its whole team.
        let matrix = Tensor.full([150, 150], 0.5, dtype: .float64)
        #expect(matmul(matrix, matrix).doubles.allSatisfy { $0 == 37.5 })
        let y = convolution(
          Tensor.ones([1, 9, 9, 16]), Tensor.ones([16, 3, 3, 16]), nil, ConvolutionGeometry())
        #expect(y.floats.allSatisfy { $0 == 144 })
        #expect(ThreadsTests.addUp(ones * 3) == 300_000)
        usleep(2_000)
        #expect(ThreadsTests.addUp(ones - ones) == 0)
      }
      #expect(try ThreadsTests.threadCount() == before)
    }
  }

  /// A thread that ends takes its team with it.
  @Test func teamsEndWithTheirThreads() async {
    await #expect(processExitsWith: .success) {
      Threads.use(3)
      func shareOut() async -> Double {
        await withCheckedContinuation { continuation in
          Thread {
            continuation.resume(returning: ThreadsTests.addUp(Tensor.ones([100_000]) * 2))
          }.start()
        }
      }
      #expect(await shareOut() == 200_000)
      usleep(100_000)
      let before = try ThreadsTests.threadCount()
      for _ in 0..<10 { #expect(await shareOut() == 200_000) }
      // Where the machine has other work, a thread may take its time to end.
      let deadline = ContinuousClock.now.advanced(by: .seconds(20))
      while try ThreadsTests.threadCount() > before, ContinuousClock.now < deadline {
        usleep(10_000)
      }
      #expect(try ThreadsTests.threadCount() <= before)
    }
  }

  /// A thread of the team that needs room in its part does not look whether the team is to be another, which it could
  /// not release. What stands still is ended.
  @Test func theChoiceMayChangeWhileOthersCompute() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      Threads.use(2)
      Thread {
        while true {
          Threads.use(2)
          usleep(200)
        }
      }.start()
      let x = Tensor.ones([5000, 64])
      for _ in 0..<1000 {
        #expect(batchNormalization(x, nil, nil).mean.floats.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test func sharesEveryItemOnce() async {
    await #expect(processExitsWith: .success) {
      for threads in [1, 2, 3, 7] {
        Threads.use(threads)
        for count in [0, 1, 5, 64, 1000] {
          for elements in [0, 1, 10_000] {
            let ranges = Mutex<[Range<Int>]>([])
            Threads.share(count, elementsEach: elements) { range in
              ranges.withLock { $0.append(range) }
            }
            let parts = ranges.withLock { $0 }
            #expect(parts.flatMap { $0 }.sorted() == Array(0..<count))
            #expect(parts.count <= threads)
          }
        }
      }
    }
  }

  /// Whether the other threads take part in the first steps is up to chance; what tensors ask for in later ones is not.
  @Test func moreThreadsAskTheSystemForNothing() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.ones([2, 50, 50, 64])
      func step() {
        _ = averagePool2D(batchNormalization(x, nil, nil).output, window: 2)
      }
      Threads.use(1)
      for _ in 0..<4 { step() }
      let before = Memory.counters.systemRequests
      Threads.use(4)
      for _ in 0..<1000 { step() }
      #expect(Memory.counters.systemRequests == before)
    }
  }

  private static func addUp(_ x: Tensor) -> Double { x.floats.reduce(0) { $0 + Double($1) } }

  /// Of this process.
  private static func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
  }

  /// Elementwise results are the same, bit for bit, on any number of threads, whatever the length:
  /// around multiples of 64 elements, where threads' shares end, and of the least share.
  @Test(arguments: [2, 3, 7])
  func elementwiseResultsDoNotDependOnThreads(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      var random = SplitMix(state: 11)
      let lengths =
        [0, 1, 63, 64, 65].flatMap { rest in
          [4_096, 8_192, 16_384, 32_768, 114_688].map { $0 + rest }
        } + [32_767, 49_151, 100_003]
      for count in lengths {
        let a = random.tensor([count], in: -4...4)
        let b = random.tensor([count], in: 0.5...3)
        let operations: [() -> Tensor] = [
          { a + b }, { a - b }, { a * b }, { a / b }, { -a }, { a * 0.3 }, { 2 / b }, { exp(a) },
          { log(b) }, { sqrt(b) }, { sin(a) }, { cos(a) }, { tanh(a) }, { sigmoid(a) }, { relu(a) },
          { leakyReLU(a) }, { gelu(a) }, { gelu(a, approximation: .tanh) }, { silu(a) },
          { softplus(a) }, { exp(a.converted(to: .float64)) }, { a.converted(to: .float64) * 0.3 },
          { softmax(a.reshaped(to: [count, 1]), axis: 1) },
          { sum(broadcast(a.reshaped(to: [count, 1]), to: [count, 3]), axis: 1) },
          { broadcast(a.reshaped(to: [count, 1]), to: [count, 2]).transposed() },
          { reluPullback(b, a) },
        ]
        for (index, operation) in operations.enumerated() {
          Threads.use(1)
          let alone = operation().doubles
          Threads.use(threads)
          #expect(operation().doubles == alone, "operation \(index) of \(count) elements")
        }
        // A step in place, where a share that overlaps another would be seen twice.
        var p = a
        OptimizerStep.sgd(&p, b, .none, rate: 0.5, decay: 0)
        #expect(p.floats == zip(a.floats, b.floats).map { $0 - 0.5 * $1 })
      }
    }
  }

  /// Nor do sums over a batch, which is cut into parts by its length alone; products that are left to oneDNN may.
  @Test(arguments: [2, 3, 7])
  func sumsDoNotDependOnThreads(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      var random = SplitMix(state: 13)
      for (rows, columns) in [(2048, 16), (1031, 33), (300, 5), (96, 128), (400, 129)] {
        let x = random.tensor([rows, columns], in: -4...4)
        let weight = Parameter(random.tensor([16, columns], in: -1...1))
        let bias = Parameter(random.tensor([16], in: -1...1))
        let operations: [() -> [Double]] = [
          { sum(x, axis: 0).doubles }, { mean(x, axis: 1).doubles },
          {
            let (_, gradients) = valueWithGradient(of: [weight, bias]) {
              sum(linear(x, weight.value, bias.value, activation: .relu))
            }
            return gradients.values.flatMap { $0?.doubles ?? [] }
          },
          {
            let samples = x.reshaped(to: [rows, columns, 1])
            let (_, gradients) = valueWithGradient(of: [weight, bias]) {
              sum(pointwiseConvolution(samples, weight.value, bias.value, activation: .relu))
            }
            return gradients.values.flatMap { $0?.doubles ?? [] }
          },
        ]
        for (index, operation) in operations.enumerated() {
          Threads.use(1)
          let alone = operation()
          Threads.use(threads)
          #expect(operation() == alone, "operation \(index) of \(rows) by \(columns)")
        }
      }
    }
  }

  @Test(arguments: [0, -1])
  func stopsWithWords(count: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [count] in Threads.use(count) }
    expectStop(result, "Threads.use(\(count)): at least one thread is needed")
  }
}
