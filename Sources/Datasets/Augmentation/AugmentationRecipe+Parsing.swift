import Tensors

extension AugmentationRecipe {
  /// Reads a text such as `flip,crop4,mixup0.2`; throws usage, naming the step that is wrong.
  public init(parsing text: String) throws {
    self = .none
    if text == "none" { return }
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      try add(Word(String(word)))
    }
    if let problem { throw AdjointError(.usage, "augment=\(text): \(problem)") }
  }

  private mutating func add(_ word: Word) throws {
    switch word.name {
    case "standard", "tissue":
      try word.expectNumbers(0...0)
      transforms += (word.name == "standard" ? Self.standard : .tissue).transforms
    case "mixup": mixup = try word.expectNumbers(1...1)[0]
    case "cutmix": cutmix = try word.expectNumbers(1...1)[0]
    default: transforms.append(try word.transform())
    }
  }

  /// A step's name and what follows it.
  private struct Word {
    let text: String
    let name: String
    let rest: [Substring]

    init(_ text: String) {
      self.text = text
      let letters = text.prefix { $0.isLetter }
      name = String(letters)
      let numbers = text.dropFirst(letters.count)
      rest = numbers.isEmpty ? [] : numbers.split(separator: ":", omittingEmptySubsequences: false)
    }

    /// What each step looks like.
    static let forms = [
      "flip": "flip", "vflip": "vflip", "turn": "turn", "crop": "crop4 or crop4:reflect",
      "zoom": "zoomA[:B[:R]] with 0.01 ≤ A ≤ B ≤ 1 and R from 1 to 10, such as zoom0.5",
      "jitter": "jitter0.4 to jitter0.4:0.4:0.4:0.1",
      "stain": "stain0.1 or stain0.1:0.05", "erase": "erase0.5 to erase0.5:0.02:0.33:3.3",
      "cutout": "cutout8", "mixup": "mixupα with α from 0 to 100, such as mixup0.2",
      "cutmix": "cutmixα with α from 0 to 100, such as cutmix1", "standard": "standard",
      "tissue": "tissue",
    ]

    var misfit: AdjointError {
      if let form = Self.forms[name] {
        return AdjointError(.usage, "augment: expected \(form), found \(text)")
      }
      let all =
        "flip, vflip, turn, crop4, zoom0.5, jitter0.4, stain0.1, erase0.5, cutout8, mixup0.2, cutmix1, "
        + "standard, tissue"
      return AdjointError(
        .usage, "augment: expected none or steps such as \(all), separated by commas, found \(text)"
      )
    }

    @discardableResult
    func expectNumbers(_ counts: ClosedRange<Int>) throws -> [Double] {
      let numbers = rest.compactMap { Double($0) }.filter(\.isFinite)
      guard numbers.count == rest.count, counts.contains(numbers.count) else { throw misfit }
      return numbers
    }

    private func pixels(_ text: Substring?) throws -> Int {
      guard let text, let number = Int(text) else { throw misfit }
      return number
    }

    private func range(_ lower: Double, _ upper: Double) throws -> ClosedRange<Double> {
      guard lower <= upper else { throw misfit }
      return lower...upper
    }

    func transform() throws -> ImageTransform {
      switch name {
      case "flip", "vflip", "turn":
        try expectNumbers(0...0)
        return name == "flip" ? .horizontalFlip : name == "vflip" ? .verticalFlip : .quarterTurns
      case "crop":
        guard rest.count == 1 || rest.count == 2 && rest[1] == "reflect" else { throw misfit }
        return .crop(padding: try pixels(rest[0]), border: rest.count == 1 ? .zero : .reflect)
      case "cutout":
        guard rest.count == 1 else { throw misfit }
        return .cutout(side: try pixels(rest[0]))
      case "zoom":
        let numbers = try expectNumbers(1...3)
        return .resizedCrop(
          scale: try range(numbers[0], numbers.count > 1 ? numbers[1] : 1),
          ratio: numbers.count > 2 ? numbers[2] : 4.0 / 3)
      case "jitter":
        let numbers = try expectNumbers(1...4)
        return .colorJitter(
          brightness: numbers[0], contrast: numbers.count > 1 ? numbers[1] : numbers[0],
          saturation: numbers.count > 2 ? numbers[2] : numbers[0],
          hue: numbers.count > 3 ? numbers[3] : 0)
      case "stain":
        let numbers = try expectNumbers(1...2)
        return .stainJitter(scale: numbers[0], shift: numbers.last ?? 0)
      case "erase":
        let numbers = try expectNumbers(1...4)
        return .erasing(
          probability: numbers[0],
          area: try range(
            numbers.count > 1 ? numbers[1] : 0.02, numbers.count > 2 ? numbers[2] : 0.33),
          ratio: numbers.count > 3 ? numbers[3] : 3.3)
      default: throw misfit
      }
    }
  }
}

extension AugmentationRecipe: Codable {
  /// Reads the text that ``encode(to:)`` wrote, or any other that ``init(parsing:)`` takes.
  public init(from decoder: any Decoder) throws {
    try self.init(parsing: decoder.singleValueContainer().decode(String.self))
  }

  /// Writes ``description``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
