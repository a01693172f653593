import Training

/// Where a sweep is.
extension Sweep {
  /// The best of those that came to the end of the rung before.
  func promoted(_ alive: [Int], to rung: Int) -> [Int] {
    let rows = SweepResult(
      request, space, folder: folder,
      records: alive.compactMap { ledger.record($0, rung: rung - 1) }, interrupted: false
    ).rows.filter { $0.error == nil }
    return rows.prefix(request.rungs[rung].trials).map(\.trial).sorted()
  }

  var bestSoFar: (text: String, trial: Int)? {
    let metric = Metric(request.metric)
    return SweepResult(request, space, folder: folder, records: ledger.records, interrupted: true)
      .best.map { (metric.text($0.value(metric.name)), $0.trial) }
  }

  /// Trials that will not be heard of again.
  var finishedTrials: Int {
    let last = request.rungs.count - 1
    var finished = ledger.records.count { $0.rung == last || $0.error != nil }
    for rung in 0..<last {
      let over = ledger.records.count { $0.rung == rung }
      // Once a rung is over those who do not go on are done.
      let failed = ledger.records.count { $0.rung == rung && $0.error != nil }
      if ledger.records.contains(where: { $0.rung == rung + 1 }) {
        finished += max(over - failed - request.rungs[rung + 1].trials, 0)
      }
    }
    return min(finished, request.trials)
  }

  /// The share of the whole training that is over.
  var shareDone: Double {
    let rungs = request.rungs
    var before = 0.0
    var (all, done) = (0.0, 0.0)
    for (index, rung) in rungs.enumerated() {
      // The last goes to the end: for three times as long as the one before.
      let budget =
        rung.budget.map(Double.init)
        ?? (index == 0 ? 1 : Double(rungs[index - 1].budget ?? 1) * Double(Halving.eta))
      all += Double(rung.trials) * (budget - before)
      done += Double(ledger.records.count { $0.rung == index }) * (budget - before)
      before = budget
    }
    return all > 0 ? min(done / all, 1) : 1
  }
}
