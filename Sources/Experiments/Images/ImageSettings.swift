/// The value that determines a run with a convolutional classifier: settings of images, and perhaps more.
protocol ImageSettings: TimedConfiguration {
  /// What is carried out.
  var image: ImageConfiguration { get }
  /// Finished runs to stand beside this one in its report.
  var compare: String { get }
}

extension ImageConfiguration: ImageSettings {
  var image: ImageConfiguration { self }
}
