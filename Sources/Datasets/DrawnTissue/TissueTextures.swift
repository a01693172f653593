import Foundation
import Tensors

/// What a class of PathMNIST looks like, roughly: a way to lay stains and nuclei on a canvas.
extension TissueCanvas {
  /// Draws a scene of the class, in PathMNIST's order.
  mutating func drawTissue(of label: Int) {
    switch label {
    case 0: drawFat()
    case 1: drawBackground()
    case 2: drawDebris()
    case 3: drawLymphocytes()
    case 4: drawMucus()
    case 5: drawMuscle()
    case 6: drawMucosa()
    case 7: drawStroma()
    default: drawCarcinoma()
    }
  }

  /// Large empty cells with thin walls.
  private mutating func drawFat() {
    let seeds = drawPlaces(spacing: draw(0.28...0.46), jitter: 0.33)
    let wall = draw(0.018...0.04)
    let strength = draw(0.5...0.9)
    let noise = noise
    /// How far the place is from the nearest wall, and the way to the nearest seed but one.
    func gap(_ place: SIMD2<Float>) -> (width: Float, across: SIMD2<Float>) {
      let bent = noise.warp(place, frequency: 5, strength: 0.03)
      var (first, second) = (Float.infinity, Float.infinity)
      var (near, next) = (SIMD2<Float>(), SIMD2<Float>())
      for seed in seeds {
        let offset = seed - bent
        let distance = (offset * offset).sum()
        if distance < first {
          (second, next) = (first, near)
          (first, near) = (distance, seed)
        } else if distance < second {
          (second, next) = (distance, seed)
        }
      }
      return (second.squareRoot() - first.squareRoot(), next - near)
    }
    fill { place in
      let membrane = 1 - ramp(wall * 0.3, wall * 1.6, gap(place).width)
      let grain = noise.layers(3, place * 9)
      return (0.05 * membrane * grain, strength * membrane * (0.5 + grain) + 0.05 * grain)
    }
    for _ in 0..<drawCount(4...14) {
      let place = drawPlace()
      let (width, across) = gap(place)
      guard width < wall * 2.5 else { continue }
      stamp(
        Nucleus(
          centre: place, radii: SIMD2(draw(0.03...0.05), draw(0.011...0.017)),
          angle: atan2(across.x, -across.y), density: draw(0.7...1.2)))
    }
  }

  /// Glass, a shadow over it, and dust.
  private mutating func drawBackground() {
    let slope = 0.25 * (drawPlace() - 0.5)
    let noise = noise
    let (coarse, strength) = (draw(1.5...4), draw(0.03...0.14))
    fill { place in
      let veil = strength * noise.layers(3, place * coarse) + max(0, (place * slope).sum())
      return (veil * 0.5 * noise(place * 2, 9), veil)
    }
    for _ in 0..<drawCount(0...3) {
      stamp(
        Nucleus(
          centre: drawPlace(), radii: SIMD2(draw(0.01...0.05), draw(0.006...0.014)),
          angle: draw(0...Float.pi), density: draw(0.1...0.45)))
    }
  }

  /// Dead tissue: clumps without order, and crumbs of nuclei.
  private mutating func drawDebris() {
    let noise = noise
    let (coarse, loose) = (draw(2...4.5), draw(0.3...0.5))
    fill { place in
      let bent = noise.warp(place, frequency: 4, strength: 0.12)
      let clump = ramp(loose - 0.12, loose + 0.15, noise.layers(4, bent * coarse))
      let grain = noise.layers(3, bent * 22, 4)
      return (0.35 * clump * grain * grain, 0.08 + clump * (0.25 + 0.7 * grain))
    }
    for _ in 0..<drawCount(45...130) {
      let place = drawPlace()
      guard noise.layers(4, place * coarse) > loose - 0.05 else { continue }
      let radius = draw(0.006...0.02)
      stamp(
        Nucleus(
          centre: place, radii: SIMD2(radius * draw(1...1.8), radius), angle: draw(0...Float.pi),
          density: draw(0.4...1.5)))
    }
  }

  /// Small round dark nuclei, side by side.
  private mutating func drawLymphocytes() {
    let noise = noise
    let pale = draw(0.1...0.35)
    fill { place in
      let grain = noise.layers(3, place * 12)
      return (0.08 + 0.12 * grain, pale * (0.4 + grain))
    }
    let spacing = draw(0.072...0.1)
    let (share, density) = (draw(0.78...0.98), draw(0.8...1.3))
    for place in drawPlaces(spacing: spacing, jitter: 0.28) where random.uniformFloat() < share {
      let radius = spacing * draw(0.36...0.47)
      stamp(
        Nucleus(
          centre: place, radii: SIMD2(radius * draw(1...1.2), radius), angle: draw(0...Float.pi),
          density: density * draw(0.75...1.25)))
    }
  }

  /// Pale streams, and a cell here and there.
  private mutating func drawMucus() {
    let noise = noise
    let turn = Turn(draw(0...2 * Float.pi))
    let (stretch, blue, strength) = (draw(4...9), draw(0.2...0.8), draw(0.25...0.55))
    fill { place in
      let bent = turn(noise.warp(place, frequency: 2.5, strength: 0.2))
      let stream = noise.layers(4, bent * SIMD2(1.6, stretch))
      let pool = ramp(0.3, 0.55, noise.layers(2, place * 2.4, 5))
      let thread = ramp(0.45, 0.75, stream) * (0.35 + 0.65 * pool)
      return (strength * blue * thread + 0.04, strength * (1 - 0.6 * blue) * thread + 0.06 * pool)
    }
    for _ in 0..<drawCount(0...6) {
      let radius = draw(0.02...0.032)
      stamp(
        Nucleus(
          centre: drawPlace(), radii: SIMD2(radius * draw(1...1.5), radius),
          angle: draw(0...Float.pi), density: draw(0.4...0.9)))
    }
  }

  /// Fibres side by side, with long nuclei along them.
  private mutating func drawMuscle() {
    let noise = noise
    let turn = Turn(draw(0...2 * Float.pi))
    let (wave, phase) = (draw(3...10), draw(0...6))
    let (swing, width, cleft) = (draw(0.01...0.05), draw(0.07...0.13), draw(0.1...0.4))
    /// Along the fibres, and across them.
    func grain(_ place: SIMD2<Float>) -> SIMD2<Float> {
      var q = turn(noise.warp(place, frequency: 2, strength: 0.05))
      q.y += swing * sin(wave * q.x + phase)
      return q
    }
    fill { place in
      let q = grain(place)
      let across = q.y / width + 0.7 * noise.layers(2, q * SIMD2(2, 5), 6)
      let fibre = abs(across - across.rounded()) * 2
      let fine = noise.layers(3, q * SIMD2(4, 34), 2)
      let body = 1 - cleft * ramp(0.75, 1, fibre)
      return (0.05 + 0.1 * fine, body * (0.45 + 0.4 * fine))
    }
    stampSpindles(drawCount(9...24), long: 0.05...0.085, thin: 0.011...0.018) { grain($0).y }
  }

  /// Round glands in rows, each with a hollow, pale cells and nuclei at its rim; small cells between.
  private mutating func drawMucosa() {
    let noise = noise
    let spacing = draw(0.44...0.66)
    let glands = drawPlaces(spacing: spacing, jitter: 0.1).map { centre in
      (centre: centre, radius: spacing * draw(0.36...0.43), hollow: draw(0.18...0.38))
    }
    let (pale, between) = (draw(0.1...0.3), draw(0.3...0.55))
    fill { place in
      let bent = noise.warp(place, frequency: 5, strength: 0.025)
      var depth: Float = 2
      var hollow: Float = 0.3
      for gland in glands {
        let offset = bent - gland.centre
        let distance = (offset * offset).sum().squareRoot() / gland.radius
        if distance < depth { (depth, hollow) = (distance, gland.hollow) }
      }
      let grain = noise.layers(3, place * 11)
      let outside = ramp(0.97, 1.06, depth)
      let inside = ramp(hollow - 0.07, hollow + 0.07, depth)
      let vacuole = ramp(0.4, 0.65, noise(place * 17, 8))
      let cells = inside * (0.15 + 0.45 * grain - 0.2 * vacuole + pale)
      return (
        (1 - outside) * inside * (0.06 + 0.12 * grain) + outside * 0.1,
        (1 - outside) * cells + outside * between * (0.5 + grain)
      )
    }
    for gland in glands {
      let count = Int(2 * Float.pi * gland.radius / draw(0.05...0.062))
      for index in 0..<count {
        let angle = 2 * Float.pi * (Float(index) + draw(-0.2...0.2)) / Float(count)
        let way = SIMD2(cos(angle), sin(angle))
        stamp(
          Nucleus(
            centre: gland.centre + gland.radius * draw(0.8...0.92) * way,
            radii: SIMD2(draw(0.024...0.036), draw(0.015...0.021)), angle: angle,
            density: draw(0.6...1.05)))
      }
    }
    for place in drawPlaces(spacing: 0.11, jitter: 0.45) {
      let clear = glands.allSatisfy { gland in
        let offset = place - gland.centre
        return (offset * offset).sum().squareRoot() > gland.radius * 1.12
      }
      guard clear else { continue }
      let radius = draw(0.02...0.03)
      stamp(
        Nucleus(
          centre: place, radii: SIMD2(radius * draw(1...1.6), radius), angle: draw(0...Float.pi),
          density: draw(0.6...1.15)))
    }
  }

  /// Wavy bundles of collagen with clefts, and few thin nuclei.
  private mutating func drawStroma() {
    let noise = noise
    let turn = Turn(draw(0...2 * Float.pi))
    let (bend, stretch) = (draw(0.16...0.32), draw(8...14))
    let (loose, strength) = (draw(0.25...0.42), draw(0.45...0.85))
    func grain(_ place: SIMD2<Float>) -> SIMD2<Float> {
      turn(noise.warp(place, frequency: 2.6, strength: bend))
    }
    fill { place in
      let q = grain(place)
      let strand = noise.layers(4, q * SIMD2(2.2, stretch), 3)
      let body = ramp(loose, loose + 0.22, strand)
      let fine = noise.layers(2, q * SIMD2(6, 40), 7)
      return (0.04 + 0.08 * body * fine, 0.04 + strength * body * (0.55 + 0.6 * fine))
    }
    stampSpindles(drawCount(6...20), long: 0.035...0.06, thin: 0.009...0.016) { grain($0).y }
  }

  /// Crowded, large, uneven nuclei in sheets around torn hollows.
  private mutating func drawCarcinoma() {
    let noise = noise
    let (coarse, hollow, band) = (draw(1.8...3.2), draw(0.24...0.38), draw(0.62...0.78))
    func depth(_ place: SIMD2<Float>) -> Float {
      noise.layers(2, noise.warp(place, frequency: 4, strength: 0.06) * coarse, 5)
    }
    let pink = draw(0.25...0.5)
    fill { place in
      let level = depth(place)
      let body = ramp(hollow - 0.03, hollow + 0.03, level)
      let stroma = ramp(band - 0.03, band + 0.05, level)
      let grain = noise.layers(3, place * 14)
      return (
        body * (1 - stroma) * (0.1 + 0.25 * grain) + 0.06 * stroma,
        0.04 + body * (pink * (0.5 + 0.8 * grain) + 0.2 * stroma)
      )
    }
    let spacing = draw(0.085...0.125)
    let (density, uneven) = (draw(0.55...1), draw(0.15...0.45))
    for place in drawPlaces(spacing: spacing, jitter: 0.36) {
      let level = depth(place)
      guard level > hollow + 0.02, level < band || random.uniformFloat() < 0.15 else { continue }
      let radius = spacing * 0.44 * exp(uneven * Float(random.normal()))
      let (aspect, angle) = (draw(1...1.9), draw(0...Float.pi))
      let nucleus = Nucleus(
        centre: place, radii: SIMD2(radius * aspect, radius), angle: angle,
        density: density * draw(0.7...1.3), isHollow: random.uniformFloat() < 0.7)
      stamp(nucleus)
      guard nucleus.isHollow else { continue }
      let dot = SIMD2(repeating: radius * draw(0.2...0.34))
      stamp(Nucleus(centre: place, radii: dot, angle: 0, density: 1.5 * density))
    }
  }

  /// Long nuclei along the lines on which `level` does not change.
  private mutating func stampSpindles(
    _ count: Int, long: ClosedRange<Float>, thin: ClosedRange<Float>,
    along level: (SIMD2<Float>) -> Float
  ) {
    let step: Float = 0.01
    for _ in 0..<count {
      let place = drawPlace()
      let dx = level(place + SIMD2(step, 0)) - level(place - SIMD2(step, 0))
      let dy = level(place + SIMD2(0, step)) - level(place - SIMD2(0, step))
      stamp(
        Nucleus(
          centre: place, radii: SIMD2(draw(long), draw(thin)),
          angle: atan2(dx, -dy) + draw(-0.12...0.12), density: draw(0.6...1.15)))
    }
  }
}

/// A rotation about the centre of the square.
private struct Turn {
  private let (c, s): (Float, Float)

  init(_ angle: Float) { (c, s) = (cos(angle), sin(angle)) }

  func callAsFunction(_ place: SIMD2<Float>) -> SIMD2<Float> {
    let offset = place - 0.5
    return SIMD2(c * offset.x + s * offset.y, c * offset.y - s * offset.x) + 0.5
  }
}
