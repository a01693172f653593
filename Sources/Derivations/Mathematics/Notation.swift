import Tensors

/// Typeset mathematics: how a formula looks, whatever it is worth.
///
/// Documents write it in a small part of TeX, ``init(tex:)``; terms that can be evaluated make it
/// themselves, `Term.notation`. From it come MathML, LaTeX and plain text.
public indirect enum Notation: Equatable, Sendable {
  /// A letter, in italics.
  case letter(String)
  /// A word set upright, such as the name of a function.
  case word(String)
  /// Digits.
  case number(String)
  /// A sign, such as + or ∑.
  case sign(String)
  /// One part after the other.
  case row([Notation])
  /// Something with a lower or an upper index, or both.
  case scripts(Notation, below: Notation?, above: Notation?)
  /// One part over another, with a bar between.
  case fraction(Notation, Notation)
  /// A square root.
  case root(Notation)
  /// A letter with a mark above it.
  case accent(Accent, Notation)
  /// Something between brackets that grow with it.
  case fenced(String, Notation, String)
  /// Running text.
  case text(String)
  /// A letter in another alphabet.
  case styled(Alphabet, String)
  /// Alternatives, each with its condition, behind a brace.
  case cases([[Notation]])
  /// Room between parts, in ems.
  case space(Space)

  /// Whether brackets around it have to grow.
  var isTall: Bool {
    switch self {
    case .fraction, .cases, .sign("∑"), .sign("∏"): true
    case .row(let parts): parts.contains(where: \.isTall)
    case .scripts(let base, _, _): base.isTall
    case .fenced(_, let inner, _), .root(let inner), .accent(_, let inner): inner.isTall
    default: false
    }
  }

  /// What may stand above a letter.
  public enum Accent: String, Sendable, CaseIterable {
    /// A circumflex.
    case hat
    /// A line.
    case bar
    /// A wave.
    case tilde
  }

  /// Other alphabets.
  public enum Alphabet: String, Sendable, CaseIterable {
    /// Upright and bold.
    case mathbf
    /// Blackboard bold.
    case mathbb
    /// Script.
    case mathcal
  }

  /// Widths of room.
  public enum Space: String, Sendable, CaseIterable {
    /// A sixth of an em.
    case thin = ","
    /// Five eighteenths of an em.
    case thick = ";"
    /// An em.
    case quad = "quad"

    /// The width in ems.
    var ems: String {
      switch self {
      case .thin: "0.17"
      case .thick: "0.28"
      case .quad: "1"
      }
    }
  }
}

/// The commands of TeX that stand for a letter or a sign, and what they stand for.
enum TeXCommands {
  static let letters: [String: String] = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "ϕ", "varphi": "φ", "omega": "ω", "eta": "η", "psi": "ψ",
    "zeta": "ζ", "xi": "ξ",
    "Delta": "Δ", "Theta": "Θ", "Sigma": "Σ", "Omega": "Ω", "Lambda": "Λ", "partial": "∂",
    "ell": "ℓ", "infty": "∞",
  ]

  static let signs: [String: String] = [
    "sum": "∑", "prod": "∏", "circ": "∘", "cdot": "·", "times": "×", "le": "≤", "ge": "≥",
    "ne": "≠", "in": "∈", "to": "→", "leftarrow": "←", "sim": "∼", "approx": "≈", "top": "⊤",
    "ldots": "…", "cdots": "⋯", "lVert": "‖", "rVert": "‖", "oplus": "⊕", "mid": "∣",
    "{": "{", "}": "}", "Rightarrow": "⇒", "equiv": "≡", "parallel": "∥",
  ]

  /// Words with a command of their own.
  static let words: Set = ["sin", "cos", "exp", "ln", "log", "max", "min"]

  /// The command for a letter or a sign; the first by name where there are two.
  static let commands: [String: String] = {
    let all = Array(letters) + signs.filter { $0.key != "rVert" }
    return Dictionary(all.map { ($0.value, $0.key) }, uniquingKeysWith: { min($0, $1) })
  }()
}
