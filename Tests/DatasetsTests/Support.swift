import Foundation
import Tensors
import TestSupport
import Testing

/// Big-endian words, as IDX headers have them.
func words(_ values: UInt32...) -> [UInt8] {
  values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
