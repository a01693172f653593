import Testing

@testable import EventLog

/// Byte for byte what TensorBoard's own messages and record writer give.
@Suite struct EventEncodingTests {
  static let time = ReferenceEvents.wallTime
  static let png = bytes(hex: "89504e470d0a1a0a0000000d494844520000000200000001080000000000")

  static let encoded: [String: [UInt8]] = [
    "fileVersion": EventEncoding.fileVersion(wallTime: time),
    "sessionStart": EventEncoding.sessionStart(step: 300, wallTime: time),
    "scalar": EventEncoding.scalar("train/loss", value: 0.5, step: 7, wallTime: time),
    "zeroScalar": EventEncoding.scalar("train/loss", value: 0, step: 0, wallTime: time),
    "negativeStep": EventEncoding.scalar("é", value: .infinity, step: -1, wallTime: time),
    "histogram": EventEncoding.histogram(
      "gradients/fc1", buckets: HistogramBuckets([1, 2, 4, 5], buckets: 2), step: 123_456_789,
      wallTime: time),
    "image": EventEncoding.image(
      "weights", png: png, width: 2, height: 1, step: 3, wallTime: time),
    "text": EventEncoding.text("configuration", "**seed** 7", step: 1, wallTime: time),
  ]

  @Test(arguments: ReferenceEvents.records.keys.sorted()) func sameBytes(name: String) throws {
    let event = try #require(Self.encoded[name])
    #expect(RecordFraming.frame(event) == (try reference(name)))
  }

  @Test(arguments: [(0, 1), (2, 3), (3, 3), (4, 2), (6, 4)])
  func colorSpaceFollowsThePNG(colorType: UInt8, channels: UInt8) {
    var png = Self.png
    png[25] = colorType
    let event = EventEncoding.image("t", png: png, width: 2, height: 1, step: 0, wallTime: 0)
    // height 1, width 2, colour space
    #expect(event.contains([0x08, 1, 0x10, 2, 0x18, channels]))
  }
}
