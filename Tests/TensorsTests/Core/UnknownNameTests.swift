import Testing

@testable import Tensors

@Suite struct UnknownNameTests {
  @Test func namesTheNearest() {
    #expect(
      unknown("layer", "fc3", among: ["fc1", "conv1"])
        == "there is no layer named fc3; did you mean fc1? (there are conv1, fc1)")
    #expect(
      unknown("layer", "qqqqqqqq", among: ["fc1"])
        == "there is no layer named qqqqqqqq (there is fc1)")
  }

  @Test(arguments: [
    ("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2),
    ("saturday", "sunday", 3), ("mnist-mpl", "mnist-mlp", 2), ("same", "same", 0),
  ])
  func distanceOfWords(a: String, b: String, distance: Int) {
    #expect(editDistance(a, b) == distance)
    #expect(editDistance(b, a) == distance)
  }
}
