import CKernels

/// The caching allocator's counters, in bytes and blocks.
public enum Memory {
  /// What the allocator has given out and asked for.
  public struct Counters: Sendable, Equatable {
    /// Bytes in use by tensors, rounded up to the allocator's size classes.
    public let liveBytes: Int
    /// The highest ``liveBytes`` since the process began or ``Memory/resetPeak()``.
    public let peakBytes: Int
    /// Tensors' blocks in use.
    public let liveTensors: Int
    /// How often the system was asked for a block.
    public let systemRequests: Int
  }

  /// The counters now.
  public static var counters: Counters {
    let read = adjoint_memory_read_counters()
    return Counters(
      liveBytes: Int(read.live_bytes), peakBytes: Int(read.peak_bytes),
      liveTensors: Int(read.live_blocks), systemRequests: Int(read.system_requests))
  }

  /// Bytes that this process may use: the machine's, lowered by the cgroup's limit.
  public static var limit: Int { Int(adjoint_memory_size()) }

  /// Starts the peak again from what is in use now.
  public static func resetPeak() { adjoint_memory_reset_peak() }

  /// Returns the blocks that wait for reuse to the system.
  public static func trim() { adjoint_memory_trim() }
}
