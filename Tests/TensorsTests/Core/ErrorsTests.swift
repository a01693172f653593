import Testing

@testable import Tensors

@Suite struct ErrorsTests {
  /// The kinds are the exit codes of `sysexits.h`.
  @Test func kindsAreExitCodes() {
    let kinds: [AdjointError.Kind] = [
      .usage, .badData, .noInput, .internalFault, .cannotWrite, .diskFull,
    ]
    #expect(kinds.map(\.rawValue) == [64, 65, 66, 70, 73, 74])
    let error = AdjointError(.badData, "train.idx: byte 4: expected 3 axes, found 2")
    #expect("\(error)" == "train.idx: byte 4: expected 3 axes, found 2")
    #expect(error != AdjointError(.noInput, error.message))
  }

  @Test func requireSaysWhyAndWhere() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      require(true, "this holds")
      require(1 + 1 == 3, "one and one: two, not three", file: "Tensors/Some.swift", line: 7)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("adjoint: one and one: two, not three [Tensors/Some.swift:7]\n"))
    #expect(!text.contains("this holds"))
  }

  /// A message is put together only when it is needed.
  @Test func messagesAreLazy() {
    var calls = 0
    func words() -> String {
      calls += 1
      return ""
    }
    require(true, words())
    #expect(calls == 0)
  }
}
