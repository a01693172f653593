import Testing

@testable import AdjointCommand

@Suite struct ConsoleTests {
  @Test func columnsAreAsWideAsTheirLongestCell() {
    #expect(
      Console.table([["name", "where"], ["a", "b", "c"], ["mnist – é", "x"]])
        == "name       where\na          b      c\nmnist – é  x")
    #expect(Console.table([]) == "")
    #expect(Console.table([[], ["a"]]) == "\na")
  }
}
