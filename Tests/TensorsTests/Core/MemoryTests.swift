import Dispatch
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Each in a process of its own: the counters and the team of threads are the whole process's.
@Suite struct MemoryTests {
  @Test func alignment() {
    for count in 0..<70 {
      for dtype in DType.full {
        Tensor.zeros([count], dtype: dtype).withBytes { bytes in
          #expect(UInt(bitPattern: bytes.baseAddress) % 64 == 0)
        }
      }
    }
  }

  /// A block is as large as it has to be, and at most a quarter larger.
  @Test func sizeClasses() async {
    await #expect(processExitsWith: .success) {
      var counts = Array(1...600)
      for power in 10...25 {
        for step in 0..<9 { counts.append((1 << power) + step * (1 << power) / 8 + 1) }
      }
      for count in counts {
        let before = Memory.counters.liveBytes
        let tensor = Tensor(uninitialized: [count], .float32)
        let taken = Memory.counters.liveBytes - before
        // Whole cache lines; then classes.
        let needed = (4 * tensor.count + 63) / 64 * 64
        #expect(taken >= needed, "\(count)")
        #expect(4 * taken <= 5 * needed, "\(count)")
        #expect(taken % 64 == 0)
      }
    }
  }

  @Test func reuse() async {
    await #expect(processExitsWith: .success) {
      _ = Tensor.zeros([12_345])
      let before = Memory.counters
      for _ in 0..<100 { _ = Tensor.zeros([12_345]) }
      #expect(Memory.counters.systemRequests == before.systemRequests)
      // Two at a time need a second block.
      let pair = [Tensor.zeros([12_345]), Tensor.zeros([12_345])]
      #expect(Memory.counters.systemRequests == before.systemRequests + 1)
      #expect(Memory.counters.liveTensors == before.liveTensors + pair.count)
    }
  }

  @Test func peaks() async {
    await #expect(processExitsWith: .success) {
      let before = Memory.counters
      do {
        let tensors = (0..<4).map { _ in Tensor.zeros([16_384]) }
        #expect(Memory.counters.liveBytes == before.liveBytes + tensors.count * 65_536)
      }
      #expect(Memory.counters.liveBytes == before.liveBytes)
      #expect(Memory.counters.peakBytes == before.liveBytes + 4 * 65_536)
      Memory.resetPeak()
      #expect(Memory.counters.peakBytes == before.liveBytes)
    }
  }

  @Test func trim() async {
    await #expect(processExitsWith: .success) {
      let held = Tensor.full([1000], 3)
      _ = Tensor.zeros([1000])
      let before = Memory.counters
      Memory.trim()
      #expect(Memory.counters == before)
      _ = Tensor.zeros([1000])
      #expect(Memory.counters.systemRequests == before.systemRequests + 1)
      #expect(held.floats == [Float](repeating: 3, count: 1000))
    }
  }

  /// Blocks made on one thread and given back on another: nobody is handed a block that is in use, and
  /// the counters come out right.
  @Test func severalThreads() async {
    await #expect(processExitsWith: .success) {
      let before = Memory.counters
      let threads = 4
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        var random = SplitMix(state: UInt64(thread))
        var held: [(Tensor, Float)] = []
        for round in 0..<20_000 {
          let number = Float(thread * 100_000 + round)
          let tensor = Tensor.full([Int.random(in: 1...600, using: &random)], Double(number))
          held.append((tensor, number))
          if held.count > 16 {
            let (old, expected) = held.remove(at: Int.random(in: 0..<16, using: &random))
            require(
              old.floats.allSatisfy { $0 == expected }, "a block was given out twice")
          }
          if round % 5000 == 0 { Memory.trim() }
        }
      }
      let after = Memory.counters
      #expect(after.liveTensors == before.liveTensors)
      #expect(after.liveBytes == before.liveBytes)
      #expect(after.systemRequests > before.systemRequests)
    }
  }

  @Test func kernelsThatAreNotThere() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Kernel("no_such_kernel") }
    expectStop(result, "Kernel: there is no kernel named no_such_kernel")
  }

  @Test func typesThatAKernelDoesNotKnow() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = softmax(.ones([2, 3], dtype: .bfloat16)) }
    expectStop(
      result,
      "softmax: has no bfloat16 form; convert its input with converted(to: .float32)")
  }

  /// More than any machine has: words, not a trap.
  @Test func tooMuch() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Tensor(uninitialized: [1 << 28, 1 << 20], .float32) }
    expectStop(result, "out of memory: 1125899906842624 bytes for a tensor")
  }

  /// What a kernel needs while it computes is no tensor; the result still fits, twice its length does not.
  @Test(
    .disabled(
      if: Sanitizer.allCases.contains(where: \.isOn), "a sanitizer takes more addresses than that"))
  func tooMuchWhileItComputes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Threads.use(1)
      let length = 50_000_000
      let x = Tensor.ones([1, length])
      let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
        separator: " ")
      let room = UInt(pages[0])! * UInt(sysconf(Int32(_SC_PAGESIZE))) + UInt(6 * length)
      var limit = rlimit(rlim_cur: room, rlim_max: room)
      setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      _ = movingAverage(x, window: 3)
    }
    expectStop(
      result, "out of memory: 400000016 bytes for what an operation needs while it computes")
  }
}
