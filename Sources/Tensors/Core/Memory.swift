// The one file of this module that touches addresses: storage, and the calls into the C rooms.

import CKernels
import COneDNN
import COpenBLAS

/// A block of memory, 64-byte aligned, from the caching allocator; given back when the last tensor goes.
///
/// Written once, by the operation that made it, and only read from then on, except through
/// ``Tensor/makeUnique()`` by its only owner: this is why it may cross threads.
final class Storage: @unchecked Sendable {
  fileprivate let base: UnsafeMutableRawPointer
  private let capacity: Int64
  /// What was made of the elements and is kept with them; see ``Tensor/kept(as:_:)``.
  @exclusivity(unchecked) var forms: [(form: Form, tensor: Tensor)] = []

  @inline(__always)
  init(byteCount: Int) {
    var capacity: Int64 = 0
    guard let block = adjoint_memory_take(Int64(byteCount), &capacity) else {
      OutOfMemory.stop(byteCount, for: "a tensor")
    }
    base = block
    self.capacity = capacity
  }

  deinit { adjoint_memory_give_back(base, capacity) }

  @inline(__always)
  fileprivate var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
  fileprivate var doubles: UnsafeMutablePointer<Double> {
    base.assumingMemoryBound(to: Double.self)
  }

  /// Copies the elements out; `count` of them, of type `T`.
  func read<T: BitwiseCopyable>(_ type: T.Type, count: Int) -> [T] {
    let elements = base.assumingMemoryBound(to: type)
    return Array(UnsafeBufferPointer(start: elements, count: count))
  }

  /// Copies elements in; for storage no tensor has been given out of yet.
  func write<T: BitwiseCopyable>(_ values: some Collection<T>, at offset: Int = 0) {
    let elements = base.assumingMemoryBound(to: T.self) + offset
    let copied: Void? = values.withContiguousStorageIfAvailable {
      guard let from = $0.baseAddress else { return }
      elements.update(from: from, count: $0.count)
    }
    if copied == nil {
      for (index, value) in values.enumerated() { elements[index] = value }
    }
  }

  /// Lets `body` fill the first `count` elements; for storage no tensor has been given out of yet.
  func fill<T: BitwiseCopyable>(
    _ type: T.Type, count: Int, _ body: (UnsafeMutableBufferPointer<T>) throws -> Void
  ) rethrows {
    try body(UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: type), count: count))
  }

  @inline(__always)
  func element<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> T {
    base.assumingMemoryBound(to: type)[index]
  }

  @inline(__always)
  func copyBytes(from other: Storage, count: Int) {
    base.copyMemory(from: other.base, byteCount: count)
  }

  func withBytes<R>(count: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }
}

extension Tensor {
  /// float32 elements that `body` writes straight into the tensor's memory, all of them.
  public init(shape: Shape, writing body: (UnsafeMutableBufferPointer<Float>) throws -> Void)
    rethrows
  {
    self.init(uninitialized: shape, .float32)
    try storage.fill(Float.self, count: shape.count, body)
  }

  /// float64 elements that `body` writes straight into the tensor's memory, all of them.
  package static func doubles(
    _ shape: Shape, writing body: (UnsafeMutableBufferPointer<Double>) throws -> Void
  ) rethrows -> Tensor {
    let result = Tensor(uninitialized: shape, .float64)
    try result.storage.fill(Double.self, count: shape.count, body)
    return result
  }

  /// Calls `body` with the bytes of the elements in row-major order, little-endian.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try storage.withBytes(count: count * dtype.size, body)
  }

  /// A tensor from the bytes that ``withBytes(_:)`` gave; stops if their number is not the shape's.
  public init(bytes: UnsafeRawBufferPointer, shape: Shape, dtype: DType) {
    require(
      bytes.count == shape.count * dtype.size,
      "Tensor: \(bytes.count) bytes for \(shape) of \(dtype), which takes "
        + "\(shape.count * dtype.size)")
    self.init(uninitialized: shape, dtype)
    storage.write(bytes)
  }
}

extension IndexTensor {
  /// Elements that `body` writes straight into the tensor's memory, all of them.
  public init(shape: Shape, writing body: (UnsafeMutableBufferPointer<Int32>) throws -> Void)
    rethrows
  {
    self.init(uninitialized: shape)
    try storage.fill(Int32.self, count: shape.count, body)
  }
}

/// A vector loop of the room below, in the precisions it has.
///
/// Find it once (`private let tanhForward = Kernel("tanh")`), call it often: a call takes a few
/// nanoseconds beyond its work.
struct Kernel: Sendable {
  private let float32: adjoint_function
  private let float64: adjoint_function?
  private let bfloat16: adjoint_function?
  private let name: String

  init(_ name: String) {
    OutOfMemory.isHeardOf
    guard let found = adjoint_find_kernel(name) else {
      stop("Kernel: there is no kernel named \(name)")
    }
    float32 = found.pointee.float32
    float64 = found.pointee.float64
    bfloat16 = found.pointee.bfloat16
    self.name = name
  }

  /// Runs the kernel on whole buffers.
  @inline(__always)
  func run(
    _ dtype: DType, _ sizes: Sizes, _ input: Storage?, _ input1: Storage? = nil,
    _ input2: Storage? = nil, _ input3: Storage? = nil, into output: Storage,
    _ output1: Storage? = nil, _ output2: Storage? = nil, _ output3: Storage? = nil,
    scalars: SIMD8<Double> = .zero
  ) {
    var arguments = sizes.arguments
    arguments.inputs.0 = UnsafeRawPointer(input?.base)
    arguments.inputs.1 = UnsafeRawPointer(input1?.base)
    arguments.inputs.2 = UnsafeRawPointer(input2?.base)
    arguments.inputs.3 = UnsafeRawPointer(input3?.base)
    arguments.outputs.0 = output.base
    arguments.outputs.1 = output1?.base
    arguments.outputs.2 = output2?.base
    arguments.outputs.3 = output3?.base
    arguments.scalars = (
      scalars[0], scalars[1], scalars[2], scalars[3], scalars[4], scalars[5], scalars[6],
      scalars[7]
    )
    // The buffers must outlive the call, also where the caller's last use of them is this one.
    withExtendedLifetime((input, input1, input2, input3, output, output1, output2, output3)) {
      switch dtype {
      case .float32: float32(&arguments)
      case .float64: inWidth(float64, .float64)(&arguments)
      case .bfloat16: inWidth(bfloat16, .bfloat16)(&arguments)
      }
    }
  }

  @inline(__always)
  private func inWidth(_ function: adjoint_function?, _ dtype: DType) -> adjoint_function {
    if let function { return function }
    stop("\(name): has no \(dtype) form; convert its input with converted(to: .float32)")
  }
}

extension Product {
  /// c[m, n] = op(a) op(b) (+ bias, ReLU) in float32, by our own loops for small products.
  @inline(__always)
  static func small(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage, transposeB: Bool,
    bias: Storage?, relu: Bool, into c: Storage
  ) {
    adjoint_small_matmul(
      Int64(m), Int64(n), Int64(k), a.floats, transposeA, b.floats, transposeB, bias?.floats, relu,
      c.floats)
  }

  /// c[m, n] = op(a) op(b) (+ bias, ReLU) in float64, by OpenBLAS.
  static func double(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage, transposeB: Bool,
    bias: Storage?, relu: Bool, into c: Storage
  ) {
    let (a, b, c, bias) = (a.doubles, b.doubles, c.doubles, bias?.doubles)
    for row in 0..<m {
      for column in 0..<n { c[row * n + column] = bias?[column] ?? 0 }
    }
    if m > 0 && n > 0 && k > 0 {
      adjoint_release_team()
      adjoint_require_blas_room()
      cblas_dgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
        transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, a,
        Int32(transposeA ? m : k), b, Int32(transposeB ? k : n), 1, c, Int32(n))
    }
    if relu {
      for index in 0..<(m * n) where c[index] <= 0 { c[index] = 0 }
    }
  }

  /// c[m, n] = op(a) op(b) (+ bias) by oneDNN; or as many of them as a batch has, which have no bias.
  @inline(__always)
  static func library(
    _ type: adjoint_product_type, batch: Int? = nil, _ m: Int, _ n: Int, _ k: Int, _ a: Storage,
    _ transposeA: Bool, _ b: Storage, _ transposeB: Bool, bias: Storage? = nil, into c: Storage
  ) {
    if min(m, n, k) == 0 {  // Sums of nothing, which oneDNN need not write.
      let bytes = (batch ?? 1) * m * n * (type == adjoint_bfloat16 ? 2 : 4)
      c.base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      return
    }
    let (rows, columns, inner) = (Int64(m), Int64(n), Int64(k))
    let failure =
      if let batch {
        adjoint_onednn_batched_matmul(
          Int64(batch), rows, columns, inner, type, a.base, transposeA, b.base, transposeB, c.base)
      } else {
        adjoint_onednn_matmul(
          rows, columns, inner, type, a.base, transposeA, b.base, transposeB, bias?.floats, c.base)
      }
    require(
      failure == nil,
      "matmul \(m)×\(k) by \(k)×\(n): oneDNN says \(failure.map { String(cString: $0) } ?? "")")
  }
}

/// Convolutions by oneDNN, of float32 or bfloat16 images with float32 weights.
enum ImageConvolution {
  /// Sets y; the bias may be nil.
  static func forward(
    _ shape: ConvolutionShape, _ x: Tensor, _ weight: ConvolutionWeight, _ bias: Tensor?,
    into y: Tensor
  ) {
    let ready = weight.ready(
      for: shape, bias == nil ? adjoint_forward : adjoint_forward_with_bias, x.dtype)
    call(shape, x.dtype, isPacked: ready.isPacked, alive: ready.elements) {
      adjoint_onednn_convolve(
        &$0, x.storage.base, ready.elements.storage.base, bias?.storage.floats, y.storage.base)
    }
  }

  /// Sets dx.
  static func toInput(
    _ shape: ConvolutionShape, _ dy: Tensor, _ weight: ConvolutionWeight, into dx: Tensor
  ) {
    let ready = weight.ready(for: shape, adjoint_to_input, dy.dtype)
    call(shape, dy.dtype, isPacked: ready.isPacked, alive: ready.elements) {
      adjoint_onednn_convolve_to_input(
        &$0, dy.storage.base, ready.elements.storage.base, dx.storage.base)
    }
  }

  /// Sets dw, and db if there is one.
  static func toWeight(
    _ shape: ConvolutionShape, _ x: Tensor, _ dy: Tensor, into dw: Tensor, _ db: Tensor?
  ) {
    call(shape, x.dtype) {
      adjoint_onednn_convolve_to_weight(
        &$0, x.storage.base, dy.storage.base, dw.storage.floats, db?.storage.floats)
    }
  }

  /// The order in which the weight is wanted.
  static func order(
    _ shape: ConvolutionShape, _ way: adjoint_convolution_way, _ dtype: DType
  ) -> adjoint_weight_order {
    var order = adjoint_weight_order()
    call(shape, dtype) { adjoint_onednn_find_weight_order(&$0, way, &order) }
    return order
  }

  /// Sets `packed` to the weight in that order.
  static func pack(
    _ shape: ConvolutionShape, _ way: adjoint_convolution_way, _ dtype: DType, _ weight: Tensor,
    into packed: Tensor
  ) {
    call(shape, dtype) {
      adjoint_onednn_pack_weight(&$0, way, weight.storage.floats, packed.storage.base)
    }
  }

  /// How often weights were brought into the order a primitive wants.
  static var weightReorders: Int { Int(adjoint_onednn_weight_reorders()) }

  /// Keeps `weight` for the time of the call: where it is a kept form, another thread may have it given up.
  @inline(__always)
  private static func call(
    _ s: ConvolutionShape, _ dtype: DType, isPacked: Bool = false, alive weight: Tensor? = nil,
    _ body: (inout adjoint_convolution) -> UnsafePointer<CChar>?
  ) {
    var shape = adjoint_convolution(s, dtype, isPacked: isPacked)
    let failure = withExtendedLifetime(weight) { body(&shape) }
    require(
      failure == nil, "convolution \(s): oneDNN says \(failure.map { String(cString: $0) } ?? "")")
  }
}

/// Runs `body` as the work of a layer, so that ``NonFiniteError`` and what a programmer's mistake stops with can say
/// which one it was.
///
/// - Parameters:
///   - layer: the layer, whatever it is.
///   - name: what it is called; asked for only where it is told.
///   - body: its work, whose result and errors are handed on.
@inlinable @inline(__always)
public func inLayer<Layer, Result>(
  _ layer: Layer, named name: @escaping (Any) -> String, _ body: () throws -> Result
) rethrows -> Result {
  let outer = RunningLayer.innermost
  return try withUnsafePointer(to: layer) { layer in
    try withUnsafePointer(to: RunningLayer(layer, name)) { running in
      RunningLayer.setInnermost(running)
      defer { RunningLayer.setInnermost(outer) }
      return try body()
    }
  }
}

/// A layer that is running on this thread; it lies on the stack of the call.
@usableFromInline
struct RunningLayer {
  /// Of a layer without stored properties any address will do, even none.
  private let layer: UnsafeRawPointer?
  private let type: Any.Type
  private let name: (Any) -> String

  @usableFromInline
  init<Layer>(_ layer: UnsafePointer<Layer>, _ name: @escaping (Any) -> String) {
    (self.layer, self.type, self.name) = (UnsafeRawPointer(layer), Layer.self, name)
  }

  @usableFromInline static var innermost: UnsafeRawPointer? { adjoint_thread_layer() }
  @usableFromInline static func setInnermost(_ layer: UnsafeRawPointer?) {
    adjoint_set_thread_layer(layer)
  }

  /// The name of the innermost; nil where none is running.
  static var innermostName: String? {
    guard let innermost else { return nil }
    let running = innermost.assumingMemoryBound(to: Self.self).pointee
    // A mistake that is met while the name is put together names no layer.
    setInnermost(nil)
    defer { setInnermost(innermost) }
    func value<Layer>(_ type: Layer.Type) -> Any {
      (running.layer ?? innermost).assumingMemoryBound(to: type).pointee
    }
    return running.name(_openExistential(running.type, do: value))
  }
}

/// Where the tape that is open on this thread is kept.
enum OpenTape {
  @inline(__always)
  static var current: Tape? {
    guard let address = adjoint_thread_tape() else { return nil }
    return Unmanaged<Tape>.fromOpaque(address)._withUnsafeGuaranteedRef { $0 }
  }

  static func set(_ tape: Tape?) {
    adjoint_set_thread_tape(tape.map { Unmanaged.passUnretained($0).toOpaque() })
  }
}

extension Threads {
  /// Has the processor fetch bytes into its second-level cache while the caller goes on.
  package static func fetchAhead(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let from = bytes.baseAddress { adjoint_memory_fetch_ahead(from, Int64(bytes.count)) }
  }

  /// Calls `body` on disjoint ranges that cover 0..<count, on the team where each of its threads gets work enough; what
  /// one item takes is as much as so many elements of a light loop.
  package static func share(
    _ count: Int, elementsEach: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { body in
        adjoint_share(
          Int64(count), Int64(elementsEach),
          { body, begin, end in
            body?.assumingMemoryBound(to: (@Sendable (Range<Int>) -> Void).self).pointee(
              Int(begin)..<Int(end))
          }, body)
      }
    }
  }
}
