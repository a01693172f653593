// The shapes that many checks share. A vector holds 4, 8 or 16 numbers of float32: loops differ in what they do with
// the rest, so each list has lengths one below, at and one above these, and one of more than two vectors.

extension GradientCheck {
  /// Shapes on which every elementwise operation is checked: scalars, ones, an empty one, one less and
  /// one more than the width of vectors, several axes, and one that is shared out over threads.
  public static let shapes: [Shape] = [
    [], [1], [0], [3], [7], [8], [9], [15], [16], [17], [31], [33], [5, 1], [3, 7], [2, 3, 5],
    [180, 190],
  ]

  /// Those of ``shapes`` that are not shared out: for what calls a loop that is checked with all of them.
  package static let smallShapes = shapes.filter { $0.count < 100 }

  /// Batches of rows: ones, odd lengths, those around the width of vectors, and rows of nothing.
  package static let batches: [Shape] = [
    [1, 1], [5, 3], [7, 1], [1, 7], [3, 8], [2, 9], [4, 15], [3, 16], [4, 17], [2, 31], [3, 33],
    [3, 0],
  ]

  /// Those of ``batches`` that have elements: for what stops where there is none.
  package static let fullBatches = batches.filter { $0.count > 0 }

  /// Lengths of affine maps: ones, odd lengths, those around the width of vectors, and a batch of nothing.
  package static let affineLengths: [(batch: Int, outputs: Int, inputs: Int)] = [
    (1, 1, 1), (5, 3, 7), (2, 7, 8), (7, 8, 1), (8, 1, 9), (3, 9, 5), (1, 15, 4), (9, 2, 16),
    (4, 17, 9), (3, 3, 31), (16, 8, 33), (0, 3, 2),
  ]

  /// Those of ``affineLengths`` for weights whose rows are directions. A row of one number has none to follow: its
  /// slope is the difference of two equal sums, and what float32 leaves of that grows with their length.
  package static let normalizedLengths = affineLengths.filter { $0.inputs > 1 || $0.batch == 1 }

  /// Images, `[batch, height, width, channels]`: of one pixel, of a row or a column, and with numbers of channels
  /// around the width of vectors.
  package static let images: [Shape] = [
    [1, 1, 1, 1], [3, 1, 1, 5], [2, 1, 3, 7], [1, 2, 2, 8], [2, 3, 1, 9], [1, 3, 2, 15],
    [2, 2, 2, 16], [1, 2, 4, 17], [1, 1, 3, 31], [1, 2, 2, 33], [1, 5, 7, 3],
  ]
}
