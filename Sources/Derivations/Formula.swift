/// One line of a gradient written by hand: what a derivative of the loss is equal to.
///
/// The parts are in the TeX of ``Notation``, where `∂{W}` stands for the derivative of the loss with respect to W.
public struct Formula: Sendable, Equatable {
  /// What the loss is differentiated by, such as `W_1`.
  public let variable: String
  /// What the derivative is equal to.
  public let value: String
  /// What the symbols in it mean: text with formulas between dollar signs.
  public let explanation: String
  /// What is differentiated.
  public let loss: String

  /// A line `∂{variable} = value, where explanation`.
  public init(
    _ variable: String, _ value: String, where explanation: String, loss: String = "L"
  ) {
    self.variable = variable
    self.value = value
    self.explanation = explanation
    self.loss = loss
  }

  /// The equation as MathML, as large as on a line of its own.
  public var mathML: String {
    Notation(tex: spelledOut("∂{\(variable)} = \(value)")).mathML(inDisplayStyle: true)
  }

  /// The explanation as HTML with MathML in it.
  public var explanationHTML: String { Prose.html(spelledOut(explanation)) }

  /// Every `∂{W}` as the fraction that it stands for.
  func spelledOut(_ text: String) -> String {
    text.replacing("∂{", with: #"\frac{\partial \#(loss)}{\partial "#)
  }
}
