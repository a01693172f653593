import Tensors
import Testing

@testable import Datasets

@Suite struct DrawnDigitsTests {
  /// In a process of its own, for the threads are those of the whole process.
  @Test func samplesDependOnSeedAndIndexAlone() async {
    await #expect(processExitsWith: .success) {
      Threads.use(1)
      let all = DrawnDigits.set(count: 100, seed: 4)
      for threads in [1, 2, 3, 7] {
        Threads.use(threads)
        let again = DrawnDigits.set(count: 100, seed: 4)
        #expect(all.pixels == again.pixels)
        #expect(all.labels == again.labels)
        let part = DrawnDigits.set(count: 30, from: 50, seed: 4)
        #expect(part.pixels == all[50..<80].pixels)
        #expect(part.labels == all[50..<80].labels)
      }
    }
  }

  @Test func seedsDiffer() {
    #expect(
      DrawnDigits.set(count: 20, seed: 1).pixels != DrawnDigits.set(count: 20, seed: 2).pixels)
  }

  @Test func thePartsShareNoImage() {
    let (train, test) = DrawnDigits.load(trainCount: 3000, testCount: 500, seed: 5)
    #expect(train.count == 3000)
    #expect(test.count == 500)
    let seen = Set((0..<3000).map { Array(train.image($0)) })
    #expect(seen.count > 2990)
    #expect((0..<500).allSatisfy { !seen.contains(Array(test.image($0))) })
    let shorter = DrawnDigits.load(trainCount: 10, testCount: 500, seed: 5)
    #expect(shorter.test.pixels == test.pixels)
    #expect("\(train)" == "digits drawn by the program (seed 5)")
  }

  @Test func theClassesAreEquallyFrequent() {
    let frequencies = DrawnDigits.set(count: 5000, seed: 6).classFrequencies
    let statistic = frequencies.reduce(0.0) { $0 + Double(($1 - 500) * ($1 - 500)) / 500 }
    #expect(frequencies.count == 10)
    #expect(statistic < 9 + 5 * 18.0.squareRoot())
  }

  /// MNIST's own images keep to the middle 20 × 20, have their centre of mass in the middle, and
  /// are 13 % ink.
  @Test func imagesAreLaidOutLikeMNIST() {
    let set = DrawnDigits.set(count: 1000, seed: 7)
    var (ink, touching) = (0.0, 0)
    for row in 0..<set.count {
      let image = Array(set.image(row))
      var (mass, x, y) = (0.0, 0.0, 0.0)
      for place in 0..<784 {
        mass += Double(image[place])
        x += Double(image[place]) * (Double(place % 28) + 0.5)
        y += Double(image[place]) * (Double(place / 28) + 0.5)
      }
      ink += mass / 255 / 784
      #expect(abs(x / mass - 14) < 3 && abs(y / mass - 14) < 3, "row \(row)")
      #expect(image.max()! > 200, "row \(row)")
      if !(0..<28).allSatisfy({ image[$0] == 0 && image[783 - $0] == 0 }) { touching += 1 }
    }
    #expect(touching < 30, "\(touching) images touch the upper or lower edge")
    #expect(ink / 1000 > 0.08 && ink / 1000 < 0.16)
  }

  /// The mean image of each class recognises most digits, so the labels are right, and by far not
  /// all, so it is work.
  @Test func theClassesCanBeToldApart() {
    let (train, test) = DrawnDigits.load(trainCount: 4000, testCount: 1000, seed: 8)
    var means = [[Float]](repeating: [Float](repeating: 0, count: 784), count: 10)
    for row in 0..<train.count {
      let label = Int(train.labels[row])
      for (place, value) in train.image(row).enumerated() { means[label][place] += Float(value) }
    }
    for (label, frequency) in train.classFrequencies.enumerated() {
      for place in 0..<784 { means[label][place] /= Float(frequency) }
    }
    let right = (0..<test.count).count { row in
      let distances = means.map { mean in
        zip(test.image(row), mean).reduce(Float(0)) { sum, pair in
          sum + (Float(pair.0) - pair.1) * (Float(pair.0) - pair.1)
        }
      }
      return distances.firstIndex(of: distances.min()!) == Int(test.labels[row])
    }
    #expect(right > 650 && right < 950, "\(right) of 1000")
  }
}
