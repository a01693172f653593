import Foundation

extension JSONEncoder.NonConformingFloatEncodingStrategy {
  /// Infinities and NaN as the words inf, -inf and nan: JSON has no numbers for them.
  public static var words: Self {
    .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }
}

extension JSONDecoder.NonConformingFloatDecodingStrategy {
  /// The words inf, -inf and nan as infinities and NaN.
  public static var words: Self {
    .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }
}
