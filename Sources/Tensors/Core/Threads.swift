import CKernels
import COneDNN

/// The thread team that all loops share, and what the machine offers.
public enum Threads {
  /// Cores this process may use: the affinity mask, lowered by the cgroup's quota.
  public static var available: Int { Int(adjoint_available_cores()) }

  /// The size of the team.
  public static var count: Int { Int(adjoint_threads()) }

  /// Sets the size of the team for the whole process.
  ///
  /// Threads that compute flush denormals to zero: weights that fade away would otherwise slow every
  /// step tenfold.
  public static func use(_ count: Int) {
    require(count >= 1, "Threads.use(\(count)): at least one thread is needed")
    require(count <= 4096, "Threads.use(\(count)): at most 4096 threads are supported")
    adjoint_set_threads(Int32(count))
  }

  /// Whether every thread of the team flushes denormals.
  static var flushesDenormals: Bool { adjoint_denormals_flushed_everywhere() }

  /// The instruction set the vector loops run on, such as `AVX3`.
  public static var vectorTarget: String { String(cString: adjoint_vector_target()) }

  /// Whether its vectors have 64 bytes, as AVX-512's do.
  static var hasLongVectors: Bool { adjoint_vector_bytes() >= 64 }

  /// Whether it multiplies as many at a time: Zen 4 takes such a vector in two halves.
  static var hasWidePaths: Bool { adjoint_path_bytes() >= 64 }

  /// What compiled the vector loops, in its own words.
  public static var loopCompiler: String { String(cString: adjoint_compiler()) }

  /// The version of oneDNN, such as `3.2.0`.
  public static var oneDNNVersion: String { String(cString: adjoint_onednn_version()) }

  /// Whether oneDNN multiplies bfloat16 on this processor: of x86, on those with AVX-512. Elsewhere products and
  /// convolutions widen their operands to float32 and round what comes out, which takes longer than float32 does.
  public static var multipliesBFloat16: Bool { adjoint_onednn_has_bfloat16() }
}
