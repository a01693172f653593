import Tensors

/// Labelled images: pixel bytes in the order image, row, column, channel, and a class number for
/// each image, or targets that say of which of several classes it is.
///
/// The storage is shared by copies and never written to.
public struct ClassificationSet: Sendable, CustomStringConvertible {
  /// `count` × `height` × `width` × `channels` bytes, row-major.
  public let pixels: [UInt8]
  /// Rows of an image, in pixels.
  public let height: Int
  /// Columns of an image, in pixels.
  public let width: Int
  /// Values of a pixel: 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// The class of each image, in 0 ..< `classNames.count`; of images with several labels the first, or 0 of none.
  public let labels: [Int32]
  /// Where an image can be of several classes at once, or of none (multi-label): 1 for those it is of, else 0,
  /// `count` × `classNames.count`, row-major. Nil where each image is of one class.
  public let targets: [UInt8]?
  /// What the classes are called.
  public let classNames: [String]
  /// Where the images come from, for people.
  public let description: String

  /// How many images there are.
  public var count: Int { labels.count }
  /// Values of one image: height × width × channels.
  public var featureCount: Int { height * width * channels }
  /// How many classes there are, whether or not each of them occurs.
  public var classCount: Int { classNames.count }

  /// Checks and keeps what was given.
  ///
  /// Throws bad data where a label is outside 0 ..< `classNames.count` (the row is named) or where
  /// the number of bytes is not labels × height × width × channels.
  public init(
    pixels: [UInt8], height: Int, width: Int, channels: Int, labels: [Int32], classNames: [String],
    description: String
  ) throws {
    guard height > 0, width > 0, channels > 0 else {
      throw AdjointError(
        .badData,
        "\(description): expected images of positive size, found \(height) × \(width) × "
          + "\(channels)")
    }
    let expected = labels.count * height * width * channels
    guard pixels.count == expected else {
      throw AdjointError(
        .badData,
        """
        \(description): expected \(expected) bytes of pixels (\(labels.count) × \(height) × \
        \(width) × \(channels)), found \(pixels.count)
        """)
    }
    try Self.checkLabels(labels, classes: classNames.count, source: description)
    self.init(
      validPixels: pixels, height: height, width: width, channels: channels, labels: labels,
      classNames: classNames, description: description)
  }

  /// Checks and keeps images that can be of several classes at once, or of none.
  ///
  /// - Parameters:
  ///   - pixels: `[images, height, width, channels]`, row-major.
  ///   - height: rows of an image.
  ///   - width: columns of an image.
  ///   - channels: values of a pixel.
  ///   - targets: `[images, classNames.count]`, row after row: 1 for each class that an image is of, else 0.
  ///   - classNames: what the classes are called.
  ///   - description: where the images come from, for people.
  /// - Throws: bad data where a target is neither (its place is named), where the targets make no whole rows, or where
  ///   the number of bytes is not images × height × width × channels.
  public init(
    pixels: [UInt8], height: Int, width: Int, channels: Int, targets: [UInt8], classNames: [String],
    description: String
  ) throws {
    let columns = classNames.count
    guard columns > 0, targets.count % columns == 0 else {
      throw AdjointError(
        .badData,
        "\(description): expected whole rows of \(columns) targets, found \(targets.count) targets")
    }
    if let place = targets.firstIndex(where: { $0 > 1 }) {
      throw AdjointError(
        .badData,
        "\(description): row \(place / columns), column \(place % columns): expected a target of 0 or 1, found "
          + "\(targets[place])")
    }
    let plain = try ClassificationSet(
      pixels: pixels, height: height, width: width, channels: channels,
      labels: Self.firstClasses(of: targets, columns), classNames: classNames,
      description: description)
    self.init(
      validPixels: plain.pixels, height: height, width: width, channels: channels,
      labels: plain.labels, targets: targets, classNames: classNames, description: description)
  }

  /// The first class that is marked in each row; 0 where none is.
  static func firstClasses(of targets: [UInt8], _ columns: Int) -> [Int32] {
    stride(from: 0, to: targets.count, by: columns).map { start in
      Int32(targets[start..<start + columns].firstIndex(of: 1).map { $0 - start } ?? 0)
    }
  }

  init(
    validPixels: [UInt8], height: Int, width: Int, channels: Int, labels: [Int32],
    targets: [UInt8]? = nil, classNames: [String], description: String
  ) {
    self.pixels = validPixels
    self.height = height
    self.width = width
    self.channels = channels
    self.labels = labels
    self.targets = targets
    self.classNames = classNames
    self.description = description
  }

  static func checkLabels(_ labels: [Int32], classes: Int, source: String) throws {
    if let row = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
      throw AdjointError(
        .badData,
        "\(source): row \(row): expected a label in 0 ..< \(classes), found \(labels[row])")
    }
  }

  /// The bytes of one image.
  public func image(_ row: Int) -> ArraySlice<UInt8> {
    require(row >= 0 && row < count, "ClassificationSet.image(\(row)): there are \(count) images")
    return pixels[row * featureCount..<(row + 1) * featureCount]
  }

  /// The classes of one image: one, or where there are ``targets`` any number, the lowest first.
  public func classes(of row: Int) -> [Int] {
    require(
      row >= 0 && row < count, "ClassificationSet.classes(of: \(row)): there are \(count) images")
    guard let targets else { return [Int(labels[row])] }
    return (0..<classCount).filter { targets[row * classCount + $0] == 1 }
  }

  /// The targets of the rows, [rows, classes]; nil where each image is of one class.
  func targets(of rows: ArraySlice<Int32>) -> Tensor? {
    targets.map { targets in
      let chosen = rows.flatMap { row in
        targets[Int(row) * classCount..<(Int(row) + 1) * classCount].map(Float.init)
      }
      return Tensor(chosen, shape: [rows.count, classCount])
    }
  }

  /// The names of one image's classes, with commas between them; `none` of none.
  public func classNames(of row: Int) -> String {
    let names = classes(of: row).map { classNames[$0] }
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  /// The images of a range of rows, as a set of their own; the range must lie within 0 ..< `count`.
  public subscript(rows: Range<Int>) -> ClassificationSet {
    require(
      rows.lowerBound >= 0 && rows.upperBound <= count,
      "ClassificationSet[\(rows)]: there are \(count) images")
    return ClassificationSet(
      validPixels: Array(
        pixels[rows.lowerBound * featureCount..<rows.upperBound * featureCount]),
      height: height, width: width, channels: channels, labels: Array(labels[rows]),
      targets: targets.map {
        Array($0[rows.lowerBound * classCount..<rows.upperBound * classCount])
      },
      classNames: classNames, description: description)
  }

  /// The images of the rows, in the order given, as a set of their own.
  public func selecting(_ rows: some Sequence<Int>) -> ClassificationSet {
    var chosen: [UInt8] = []
    var classes: [Int32] = []
    var chosenTargets = targets.map { _ in [UInt8]() }
    chosen.reserveCapacity(rows.underestimatedCount * featureCount)
    for row in rows {
      chosen.append(contentsOf: image(row))
      classes.append(labels[row])
      if let targets {
        chosenTargets?.append(contentsOf: targets[row * classCount..<(row + 1) * classCount])
      }
    }
    return ClassificationSet(
      validPixels: chosen, height: height, width: width, channels: channels, labels: classes,
      targets: chosenTargets, classNames: classNames, description: description)
  }

  /// Grey images as coloured ones whose channels are the same; others as they are.
  public func repeating(toChannels count: Int) -> ClassificationSet {
    guard channels == 1, count > 1 else { return self }
    var repeated: [UInt8] = []
    repeated.reserveCapacity(pixels.count * count)
    for pixel in pixels { for _ in 0..<count { repeated.append(pixel) } }
    return ClassificationSet(
      validPixels: repeated, height: height,
      width: width, channels: count, labels: labels, targets: targets, classNames: classNames,
      description: description)
  }

  /// Takes `validationCount` images away for validation, chosen by the seed; both parts keep the
  /// order of the rows.
  ///
  /// `validationCount` is in 0 ... `count`; with 0 the training part is the whole set.
  public func split(validationCount: Int, seed: UInt64) -> (
    train: ClassificationSet, validation: ClassificationSet
  ) {
    require(
      validationCount >= 0 && validationCount <= count,
      "ClassificationSet.split(validationCount: \(validationCount)): there are \(count) images")
    guard validationCount > 0 else { return (self, self[0..<0]) }
    var random = Philox(seed: seed)
    let order = random.permutation(count).map(Int.init)
    return (
      selecting(order[validationCount...].sorted()), selecting(order[..<validationCount].sorted())
    )
  }

  /// What to say of classes that no image is of, by number and name: `no image is of class 3 (cat)`; nil where each
  /// class has some.
  public var emptyClasses: String? {
    let frequencies = classFrequencies
    let empty = frequencies.indices.filter { frequencies[$0] == 0 }
    guard !empty.isEmpty else { return nil }
    let shown = empty.prefix(5).map { number in
      let name = classNames[number]
      return name == "\(number)" ? name : "\(number) (\(name))"
    }
    let others = empty.count > shown.count ? " and \(empty.count - shown.count) others" : ""
    return "no image is of class \(shown.joined(separator: ", "))\(others)"
  }

  /// How many images there are of each class.
  public var classFrequencies: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    if let targets {
      for place in targets.indices { counts[place % classCount] += Int(targets[place]) }
    } else {
      for label in labels { counts[Int(label)] += 1 }
    }
    return counts
  }
}
