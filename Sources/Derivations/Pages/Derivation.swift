import Synchronization
import Tensors

infix operator ≔ : AssignmentPrecedence

/// A derivation: what is given, what is computed from it, and its gradients step by step.
///
/// Every formula that computes or differentiates is a ``Term``: shown as it stands, and evaluated when the page is
/// made. A document is one file that registers itself:
///
/// ```swift
/// @section("adjoint_registry") @used
/// private let document: Registration = { Derivation.register(relu) }
/// ```
public struct Derivation: Sendable {
  /// What the command calls it.
  public let name: String
  /// The heading of the page.
  public let title: String
  /// What is derived, in a sentence.
  public let summary: String
  /// The lengths of axes: name, length where it is measured, meaning.
  let sizes: [(name: String, length: Int, meaning: String)]
  /// Files of this room that the lines of code stand in.
  let sources: [String]
  /// What trains instead of those lines, if something else does, and what holds it against them; in the markup of
  /// `Prose`.
  var trainsInstead: String?
  /// The text and the formulas.
  let blocks: [Block]
  /// Draws the values of what is given.
  let point: @Sendable (inout Sampler) -> [(Term, Tensor)]
  /// Runs the code: what it makes of the values that are given.
  let code: @Sendable (Values) -> [(Term, Tensor)]

  /// A part of the page.
  enum Block: Sendable {
    /// A heading.
    case heading(String)
    /// Paragraphs, in the markup of `Prose`.
    case text(String)
    /// Symbols and what they mean.
    case symbols([(Term, String)])
    /// What is computed forward, in this order.
    case define([Definition])
    /// What is only there so that something can be differentiated: defined, but not shown.
    case assume([Definition])
    /// Equal terms.
    case derive(Chain)
    /// A formula that is only shown, in TeX.
    case show(String)
    /// Lines of an algorithm, in the markup of `Prose`, indented by pairs of spaces.
    case steps([String])
  }

  /// A symbol, or its elements, and what it is computed as.
  struct Definition: Sendable {
    let left: Term
    let right: Term
  }

  /// A derivative, or any term, and what it is equal to.
  struct Chain: Sendable {
    let left: Term
    let steps: [Term]
    /// The positions it holds for.
    let indices: [Index]
    /// The lines of code that compute the last step.
    let code: [String]
  }

  /// The values of what is given, by their symbols.
  public struct Values {
    let environment: Environment

    /// The value of a symbol; stops if it is not given.
    public subscript(term: Term) -> Tensor {
      guard let symbol = term.symbol, let value = environment.values[symbol.tex] else {
        stop("Derivation: \(term.notation.plain) is not given")
      }
      return value
    }

    /// The class of each row of a one-hot matrix.
    public func labels(_ oneHot: Term) -> IndexTensor { argmax(self[oneHot], axis: 1) }
  }

  /// Whether it has formulas that are only shown.
  var hasShown: Bool {
    blocks.contains { if case .show = $0 { true } else { false } }
  }

  /// Whether it has an algorithm, whose lines are only shown too.
  var hasSteps: Bool {
    blocks.contains { if case .steps = $0 { true } else { false } }
  }

  /// Whether it has equal terms none of which is a derivative.
  var hasIdentities: Bool {
    blocks.contains {
      if case .derive(let chain) = $0 { chain.left.symbol?.derivative == nil } else { false }
    }
  }

  private static let registered = Mutex<[Derivation]>([])

  /// Enters a derivation; stops if the name is taken.
  static func register(_ derivation: Derivation) {
    registered.withLock { all in
      require(
        !all.contains { $0.name == derivation.name },
        "Derivation: \(derivation.name) is registered twice")
      all.append(derivation)
    }
  }

  /// All derivations by name.
  public static var all: [Derivation] {
    Registry.load()
    return registered.withLock { $0 }.sorted { $0.name < $1.name }
  }
}

extension Term {
  /// What is computed forward: a symbol, or its elements for all positions of the indices.
  static func ≔ (left: Term, right: Term) -> Derivation.Definition {
    Derivation.Definition(left: left, right: right)
  }
}

extension Derivation.Block {
  /// A derivative, or elements of one, and the steps to its formula; the code computes the last of them.
  static func derive(_ left: Term, _ steps: Term..., code: [String] = []) -> Self {
    .derive(Derivation.Chain(left: left, steps: steps, indices: left.freeIndices, code: code))
  }

  /// Terms that are equal for all positions of some indices.
  static func identity(_ left: Term, _ steps: Term..., for indices: Index...) -> Self {
    .derive(Derivation.Chain(left: left, steps: steps, indices: indices, code: []))
  }
}
