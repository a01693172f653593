/// The events this module writes, encoded as the message `tensorflow.Event`.
///
/// Source: `event.proto`, `summary.proto`, `histogram.proto` and `tensor.proto` of TensorBoard; the field numbers are
/// theirs.
enum EventEncoding {
  /// The first event of every file; TensorBoard reads the version after the colon.
  static func fileVersion(wallTime: Double) -> [UInt8] {
    event(step: 0, wallTime: wallTime) { $0.string(3, always: "brain.Event:2") }
  }

  /// Tells TensorBoard to forget what earlier files say of `step` and beyond.
  static func sessionStart(step: Int, wallTime: Double) -> [UInt8] {
    event(step: step, wallTime: wallTime) { event in
      event.message(7) { $0.integer(1, 1) }
    }
  }

  static func scalar(_ tag: String, value: Float, step: Int, wallTime: Double) -> [UInt8] {
    summary(tag, step: step, wallTime: wallTime) { $0.float(2, always: value) }
  }

  static func histogram(
    _ tag: String, buckets: HistogramBuckets, step: Int, wallTime: Double
  ) -> [UInt8] {
    summary(tag, step: step, wallTime: wallTime) { value in
      value.message(5) { histogram in
        histogram.double(1, buckets.minimum)
        histogram.double(2, buckets.maximum)
        histogram.double(3, Double(buckets.count))
        histogram.double(4, buckets.sum)
        histogram.double(5, buckets.sumOfSquares)
        histogram.doubles(6, buckets.limits)
        histogram.doubles(7, buckets.counts)
      }
    }
  }

  static func image(
    _ tag: String, png: [UInt8], width: Int, height: Int, step: Int, wallTime: Double
  ) -> [UInt8] {
    summary(tag, step: step, wallTime: wallTime) { value in
      value.message(4) { image in
        image.integer(1, Int64(height))
        image.integer(2, Int64(width))
        image.integer(3, colorChannels(of: png))
        image.data(4, always: png)
      }
    }
  }

  static func text(_ tag: String, _ text: String, step: Int, wallTime: Double) -> [UInt8] {
    summary(tag, step: step, wallTime: wallTime) { value in
      value.message(8) { tensor in
        tensor.integer(1, 7)
        tensor.message(2) { shape in
          shape.message(2) { $0.integer(1, 1) }
        }
        tensor.string(8, always: text)
      }
      value.message(9) { metadata in
        metadata.message(1) { $0.string(1, "text") }
      }
    }
  }

  private static func summary(
    _ tag: String, step: Int, wallTime: Double, _ build: (inout ProtobufMessage) -> Void
  ) -> [UInt8] {
    event(step: step, wallTime: wallTime) { event in
      event.message(5) { summary in
        summary.message(1) { value in
          value.string(1, tag)
          build(&value)
        }
      }
    }
  }

  private static func event(
    step: Int, wallTime: Double, _ build: (inout ProtobufMessage) -> Void
  ) -> [UInt8] {
    var event = ProtobufMessage()
    event.double(1, wallTime)
    event.integer(2, Int64(step))
    build(&event)
    return event.bytes
  }

  /// TensorBoard's colour space is the number of channels, which follows from the colour type in the file's header.
  private static func colorChannels(of png: [UInt8]) -> Int64 {
    let colorType = png.count > 25 ? png[25] : 2
    return [0: 1, 4: 2, 6: 4][colorType] ?? 3
  }
}
