import Testing

/// What the other tests compare numbers with.
@Suite struct SupportTests {
  @Test func nearNumbers() {
    #expect(firstFar([1, -2], from: [1.25, -2], within: 0.25) == nil)
    #expect(firstFar([1, -2], from: [1, -2.5], within: 0.25, relative: 0.125) == nil)
    #expect(firstFar([.infinity, -.infinity], from: [.infinity, -.infinity], within: 0) == nil)
    #expect(firstFar([], from: [], within: 0) == nil)
  }

  @Test func farNumbers() {
    #expect(firstFar([1, 2], from: [1, 2.5], within: 0.25) == "element 1: 2.0, not 2.5")
    #expect(firstFar([1], from: [1, 2], within: 9) == "1 numbers, not 2")
    #expect(firstFar([.nan, 1], from: [1, 1], within: 9) == "element 0: nan, not 1.0")
    #expect(firstFar([1], from: [.nan], within: 9, relative: 9) == "element 0: 1.0, not nan")
    #expect(firstFar([5], from: [.infinity], within: 9, relative: 9) == "element 0: 5.0, not inf")
    #expect(firstFar([.nan], from: [.nan], within: 9) != nil)
    #expect(firstFar([1], from: [2], within: .nan) != nil)
  }
}
