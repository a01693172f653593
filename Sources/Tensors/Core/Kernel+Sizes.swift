import CKernels

extension Kernel {
  /// Numbers that a kernel takes beside its buffers; what each means stands where the kernel is written.
  struct Sizes {
    private(set) var arguments = adjoint_arguments()

    @inline(__always)
    init(_ a: Int, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0) {
      arguments.sizes.0 = Int64(a)
      arguments.sizes.1 = Int64(b)
      arguments.sizes.2 = Int64(c)
      arguments.sizes.3 = Int64(d)
      arguments.sizes.4 = Int64(e)
      arguments.sizes.5 = Int64(f)
    }

    /// As many as the kernel takes, at most 20.
    init(_ list: [Int]) {
      withUnsafeMutableBytes(of: &arguments.sizes) { raw in
        let sizes = raw.bindMemory(to: Int64.self)
        for (index, size) in list.enumerated() { sizes[index] = Int64(size) }
      }
    }

    /// The layout of the strided copy: rank, lengths padded to six, strides padded to six.
    init(lengths: [Int], strides: [Int]) {
      withUnsafeMutableBytes(of: &arguments.sizes) { raw in
        let sizes = raw.bindMemory(to: Int64.self)
        sizes[0] = Int64(lengths.count)
        for (axis, length) in lengths.enumerated() { sizes[1 + axis] = Int64(length) }
        for (axis, stride) in strides.enumerated() {
          sizes[1 + Shape.maximumRank + axis] = Int64(stride)
        }
      }
    }
  }
}
