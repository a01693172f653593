import Tensors

/// How many rows of a series are for training, validation and test, one part after the other.
public struct SeriesParts: Sendable, Equatable {
  /// The first rows.
  public let train: Int
  /// Those that follow.
  public let validation: Int
  /// Those after these.
  public let test: Int

  /// Parts of that many rows, each positive.
  public init(train: Int, validation: Int, test: Int) {
    require(
      train > 0 && validation > 0 && test > 0,
      "SeriesParts: \(train), \(validation) and \(test) rows; each part needs some")
    self.train = train
    self.validation = validation
    self.test = test
  }

  /// All rows of the three.
  public var rowCount: Int { train + validation + test }

  /// One of the three.
  public enum Part: String, Sendable, CaseIterable {
    /// What weights are fitted to.
    case train
    /// What settings are chosen by.
    case validation
    /// What is measured at the end.
    case test
  }

  /// The rows of a part.
  public func rows(of part: Part) -> Range<Int> {
    switch part {
    case .train: 0..<train
    case .validation: train..<(train + validation)
    case .test: (train + validation)..<rowCount
    }
  }
}

/// Several series over the same hours, each shifted and scaled to mean 0 and deviation 1 over the training
/// part.
public struct SeriesSet: Sendable {
  /// The variates' names.
  public let names: [String]
  /// Which rows are which part.
  public let parts: SeriesParts
  /// Of each variate over the training part, before scaling.
  public let means: [Double]
  /// Of each variate over the training part, before scaling; the divisor is the number of rows.
  public let deviations: [Double]
  /// The scaled numbers, row after row, without ``cycle`` if there is one.
  public private(set) var values: [Float]
  /// What was taken from ``values`` at each hour of the day, `[24 × variates]`; empty for nothing.
  public let cycle: [Float]
  /// The hour of the day of the first row.
  public let firstHour: Int

  /// How many variates there are.
  public var variateCount: Int { names.count }

  /// The first rows of a table.
  ///
  /// - Parameters:
  ///   - table: the numbers.
  ///   - parts: how its rows are parted; what follows them is left out.
  ///   - source: where it is from, for messages.
  /// - Throws: `AdjointError`, bad data, if the table has fewer rows, a variate does not change over the
  ///   training part, or numbers are too large to be scaled by it.
  public init(_ table: HourlyTable, parts: SeriesParts, source: String) throws {
    guard table.rowCount >= parts.rowCount else {
      throw AdjointError(
        .badData, "\(source): expected at least \(parts.rowCount) rows, found \(table.rowCount)")
    }
    try self.init(
      names: table.names, table.values, firstHour: table.firstHour, parts: parts, source: source)
  }

  init(
    names: [String], _ raw: [Double], firstHour: Int, parts: SeriesParts, source: String
  ) throws {
    let count = names.count
    var (means, deviations): ([Double], [Double]) = ([], [])
    for variate in 0..<count {
      let column = (0..<parts.train).map { raw[$0 * count + variate] }
      let mean = column.reduce(0, +) / Double(parts.train)
      let squares = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = (squares / Double(parts.train)).squareRoot()
      // Not by the deviation: the mean of equal numbers is not always rounded to that number.
      guard column.contains(where: { $0 != column[0] }) else {
        throw AdjointError(
          .badData,
          "\(source): column \(names[variate]): expected numbers that change over the first "
            + "\(parts.train) rows, found \(column[0]) in all of them")
      }
      guard deviation > 0, deviation.isFinite, mean.isFinite else {
        throw AdjointError(
          .badData,
          "\(source): column \(names[variate]): expected numbers whose mean and deviation can be computed, "
            + "found \(column.min() ?? mean) ... \(column.max() ?? mean) over the first \(parts.train) rows"
        )
      }
      means.append(mean)
      deviations.append(deviation)
    }
    self.names = names
    self.parts = parts
    self.means = means
    self.deviations = deviations
    self.firstHour = firstHour
    (values, cycle) = ([], [])
    let unscaled = self
    values = try (0..<parts.rowCount * count).map { index in
      try unscaled.scaled(
        raw[index], index / count, index % count, source, like: "the first \(parts.train)")
    }
  }

  private init(_ set: SeriesSet, values: [Float], cycle: [Float]) {
    names = set.names
    parts = set.parts
    means = set.means
    deviations = set.deviations
    firstHour = set.firstHour
    self.values = values
    self.cycle = cycle
  }

  /// Without the daily cycle: from every number the mean of its variate at its hour of the day over the
  /// training part is taken. A forecast of what is left, the cycle added again, has the same errors.
  public func withoutDailyCycle() -> SeriesSet {
    require(cycle.isEmpty, "SeriesSet: the daily cycle has been taken away already")
    let count = variateCount
    var sums = [Double](repeating: 0, count: 24 * count)
    var hours = [Double](repeating: 0, count: 24)
    for row in 0..<parts.train {
      let hour = (firstHour + row) % 24
      hours[hour] += 1
      for variate in 0..<count {
        sums[hour * count + variate] += Double(values[row * count + variate])
      }
    }
    // A part of less than a day leaves hours without a mean.
    let cycle = sums.indices.map { Float(sums[$0] / max(hours[$0 / count], 1)) }
    let rest = values.indices.map { index in
      values[index] - cycle[cyclePlace(index % count, firstHour + index / count)]
    }
    return SeriesSet(self, values: rest, cycle: cycle)
  }

  /// A scaled number, without the cycle, in the units it was read in, the cycle added again.
  public func original(_ value: Float, variate: Int, row: Int) -> Double {
    original(value, variate: variate, hour: firstHour + row)
  }

  /// The same for any hour, counted from the beginning of some day.
  public func original(_ value: Float, variate: Int, hour: Int) -> Double {
    let scaled = Double(value) + (cycle.isEmpty ? 0 : Double(cycle[cyclePlace(variate, hour)]))
    return scaled * deviations[variate] + means[variate]
  }

  private func cyclePlace(_ variate: Int, _ hour: Int) -> Int {
    hour % 24 * variateCount + variate
  }

  /// The last rows of another table of the same variates, scaled as this one is, without its cycle:
  /// `[1, count, variates]`.
  ///
  /// - Throws: `AdjointError`, bad data, if the table has other variates or fewer rows, or numbers are too large.
  public func scaled(
    lastRowsOf table: HourlyTable, count: Int, source: String
  ) throws -> Tensor {
    guard table.names == names else {
      throw AdjointError(
        .badData,
        "\(source): row 1: expected the columns \(names.joined(separator: ", ")), found "
          + table.names.joined(separator: ", "))
    }
    guard table.rowCount >= count else {
      throw AdjointError(
        .badData, "\(source): expected at least \(count) rows, found \(table.rowCount)")
    }
    let first = table.rowCount - count
    let values = try (0..<count * variateCount).map { index in
      let (row, variate) = (first + index / variateCount, index % variateCount)
      let raw = table.values[row * variateCount + variate]
      let value = try scaled(
        raw, row, variate, source, like: "the \(parts.train) of the training")
      return cycle.isEmpty ? value : value - cycle[cyclePlace(variate, table.firstHour + row)]
    }
    return Tensor(values, shape: [1, count, variateCount])
  }

  private func scaled(
    _ raw: Double, _ row: Int, _ variate: Int, _ source: String, like others: String
  ) throws -> Float {
    let scaled = Float((raw - means[variate]) / deviations[variate])
    guard scaled.isFinite else {
      // Row 1 of a table is its header.
      throw AdjointError(
        .badData,
        "\(source): row \(row + 2): expected a number of the size of \(others) in column "
          + "\(names[variate]), found \(raw)")
    }
    return scaled
  }

  /// The windows whose steps ahead lie within a part; the steps behind may reach into the part before.
  ///
  /// - Parameters:
  ///   - part: which.
  ///   - history: steps behind, positive.
  ///   - horizon: steps ahead, positive.
  /// - Throws: `AdjointError` of kind usage if the part has no such window.
  public func windows(
    _ part: SeriesParts.Part, history: Int, horizon: Int
  ) throws -> SeriesWindows {
    require(
      history > 0 && horizon > 0, "SeriesSet.windows: history \(history), horizon \(horizon)")
    let rows = parts.rows(of: part)
    let first = part == .train ? 0 : rows.lowerBound - history
    let end = rows.upperBound - history - horizon + 1
    guard first >= 0, end > first else {
      throw AdjointError(
        .usage,
        "history=\(history), horizon=\(horizon): the \(part.rawValue) part of \(rows.count) rows has no "
          + "such window")
    }
    return SeriesWindows(set: self, starts: first..<end, history: history, horizon: horizon)
  }
}

/// Windows of a ``SeriesSet``, one beginning at every row; views, not copies.
public struct SeriesWindows: Sendable {
  /// What they are windows of.
  public let set: SeriesSet
  /// The row of the first step behind of each.
  public let starts: Range<Int>
  /// Steps behind.
  public let history: Int
  /// Steps ahead.
  public let horizon: Int

  /// How many there are, at least one.
  public var count: Int { starts.count }

  /// Some of them as float32 tensors.
  ///
  /// - Parameter numbers: which, each in `0 ..< count`.
  /// - Returns: inputs `[numbers.count, history, variates]`, targets `[numbers.count, horizon, variates]`.
  public func batch(_ numbers: some Collection<Int32>) -> (inputs: Tensor, targets: Tensor) {
    (
      steps(of: numbers, from: 0, count: history),
      steps(of: numbers, from: history, count: horizon)
    )
  }

  private func steps(of numbers: some Collection<Int32>, from first: Int, count: Int) -> Tensor {
    let variates = set.variateCount
    let length = count * variates
    return Tensor(shape: [numbers.count, count, variates]) { output in
      for (place, number) in numbers.enumerated() {
        require(
          number >= 0 && Int(number) < self.count,
          "SeriesWindows.batch: window \(number); there are \(self.count)")
        let from = (starts.lowerBound + Int(number) + first) * variates
        _ = output[(place * length)..<((place + 1) * length)]
          .update(fromContentsOf: set.values[from..<(from + length)])
      }
    }
  }
}
