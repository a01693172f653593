#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

/// Series that the program draws where there is no file: daily and weekly periods, a drifting level and noise.
public enum DrawnSeries {
  /// Hourly series of three variates in the proportions of ``ETT``: 60 % training, 20 % validation, 20 % test.
  ///
  /// - Parameters:
  ///   - rowCount: rows in all, at least 5.
  ///   - seed: the same, the same numbers.
  public static func load(rowCount: Int, seed: UInt64) -> SeriesSet {
    require(rowCount >= 5, "DrawnSeries: \(rowCount) rows; at least 5 are needed")
    let part = rowCount / 5
    let parts = SeriesParts(train: rowCount - 2 * part, validation: part, test: part)
    let names = ["load", "reserve", "temperature"]
    var random = Philox(seed: seed, stream: 0x7365_7269_6573)
    let phases = names.map { _ in (random.uniform() * 24, random.uniform() * 168) }
    var drift = [Double](repeating: 0, count: names.count)
    var noise = drift
    var values: [Double] = []
    values.reserveCapacity(rowCount * names.count)
    for row in 0..<rowCount {
      for variate in names.indices {
        let (day, week) = phases[variate]
        // A level that wanders and comes back, and noise that lasts some hours.
        drift[variate] = 0.999 * drift[variate] + 0.03 * random.normal()
        noise[variate] = 0.7 * noise[variate] + 0.15 * random.normal()
        let daily = sin((Double(row) + day) * .pi / 12)
        let weekly = 0.5 * sin((Double(row) + week) * .pi / 84)
        values.append(10 + 3 * (daily + weekly + drift[variate] + noise[variate]))
      }
    }
    do {
      return try SeriesSet(
        names: names, values, firstHour: 0, parts: parts, source: "the drawn series")
    } catch {
      // Noise does not stand still.
      fatalError("DrawnSeries: \(error)")
    }
  }
}
