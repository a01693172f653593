import Tensors

/// How the colours of one image change.
struct ColorChange {
  /// One of the four changes.
  enum Part: CaseIterable {
    case brightness, contrast, saturation, hue
  }

  var brightness = 1.0
  var contrast = 1.0
  var saturation = 1.0
  /// In turns of the circle of colours.
  var hue = 0.0
  var order = Part.allCases

  init() {}

  /// Draws the order, then each factor.
  init(
    brightness: Double, contrast: Double, saturation: Double, hue: Double,
    from random: inout Philox
  ) {
    func factor(_ spread: Double) -> Double {
      let lower = max(0, 1 - spread)
      return lower + (1 + spread - lower) * random.uniform()
    }
    random.shuffle(&order)
    self.brightness = factor(brightness)
    self.contrast = factor(contrast)
    self.saturation = factor(saturation)
    self.hue = (2 * random.uniform() - 1) * hue
  }
}

/// The nearest byte.
@inline(__always)
private func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255) + 0.5) }

/// The brightness of a colour (ITU-R BT.601, with the digits that torchvision has).
@inline(__always)
private func grey(_ red: Float, _ green: Float, _ blue: Float) -> Float {
  0.2989 * red + 0.587 * green + 0.114 * blue
}

extension ImageCanvas {
  /// Changes the colours, a part at a time; a part that changes nothing is left out.
  mutating func jitter(_ change: ColorChange) {
    for part in change.order {
      switch part {
      case .brightness where change.brightness != 1:
        let factor = Float(change.brightness)
        replace { $0 * factor }
      case .contrast where change.contrast != 1:
        let factor = Float(change.contrast)
        let rest = (1 - factor) * meanGrey()
        replace { $0 * factor + rest }
      case .saturation where change.saturation != 1 && channels == 3:
        saturate(Float(change.saturation))
      case .hue where change.hue != 0 && channels == 3: turnHue(Float(change.hue))
      default: break
      }
    }
  }

  /// Each byte by a function of it alone, which is tabulated.
  private mutating func replace(_ value: (Float) -> Float) {
    let all = (UInt8.min...UInt8.max).map { byte(value(Float($0))) }
    let table = all.span
    var pixels = bytes.mutableSpan
    for place in pixels.indices { pixels[place] = table[Int(pixels[place])] }
  }

  /// The mean brightness of the pixels.
  private func meanGrey() -> Float {
    let pixels = bytes.span
    if channels != 3 {
      var sum = 0
      for place in pixels.indices { sum &+= Int(pixels[place]) }
      return Float(sum) / Float(pixels.count)
    }
    // Whole numbers, lest the mean depend on the order.
    var (red, green, blue) = (0, 0, 0)
    for place in stride(from: 0, to: pixels.count, by: 3) {
      red &+= Int(pixels[place])
      green &+= Int(pixels[place &+ 1])
      blue &+= Int(pixels[place &+ 2])
    }
    return grey(Float(red), Float(green), Float(blue)) / Float(height * width)
  }

  private mutating func saturate(_ factor: Float) {
    var pixels = bytes.mutableSpan
    for place in stride(from: 0, to: pixels.count, by: 3) {
      let red = Float(pixels[place])
      let green = Float(pixels[place &+ 1])
      let blue = Float(pixels[place &+ 2])
      let rest = (1 - factor) * grey(red, green, blue)
      pixels[place] = byte(red * factor + rest)
      pixels[place &+ 1] = byte(green * factor + rest)
      pixels[place &+ 2] = byte(blue * factor + rest)
    }
  }

  /// Each colour turned on the circle of hues, its largest and smallest value kept.
  private mutating func turnHue(_ turns: Float) {
    var pixels = bytes.mutableSpan
    for place in stride(from: 0, to: pixels.count, by: 3) {
      let red = Float(pixels[place])
      let green = Float(pixels[place &+ 1])
      let blue = Float(pixels[place &+ 2])
      let largest = max(red, max(green, blue))
      let smallest = min(red, min(green, blue))
      let spread = largest - smallest
      if spread == 0 { continue }
      // In sixths of the circle, red at 0.
      var hue =
        largest == red
        ? (green - blue) / spread
        : largest == green ? 2 + (blue - red) / spread : 4 + (red - green) / spread
      hue += turns * 6
      if hue < 0 { hue += 6 }
      if hue >= 6 { hue -= 6 }
      // Each channel is at its height within a sixth of its own colour and gone beyond two.
      func value(_ distance: Float) -> UInt8 {
        byte(smallest + spread * min(max(2 - distance, 0), 1))
      }
      pixels[place] = value(min(hue, 6 - hue))
      pixels[place &+ 1] = value(abs(hue - 2))
      pixels[place &+ 2] = value(abs(hue - 4))
    }
  }
}
