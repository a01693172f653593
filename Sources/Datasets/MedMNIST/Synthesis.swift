/// Tissue-like images that the program draws, in a file of PathMNIST's layout.
enum Synthesis {
  /// The member that says that a file was drawn, and from which seed.
  static let mark = "synthetic"
}
