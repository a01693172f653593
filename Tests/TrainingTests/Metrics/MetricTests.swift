import Testing

@testable import Training

@Suite struct MetricTests {
  /// Every name that the experiments measure by, of one part where others have it too.
  private static let names:
    [(
      name: String, part: Metric.Part?, measure: Metric.Measure?, isLoss: Bool,
      isHigherBetter: Bool?, text: String
    )] = [
      // The loop, and all classifiers.
      ("train_loss", .train, .loss, true, false, "0.1250"),
      ("train_accuracy", .train, .accuracy, false, true, "12.50 %"),
      ("validation_loss", .validation, .loss, true, false, "0.1250"),
      ("validation_accuracy", .validation, .accuracy, false, true, "12.50 %"),
      ("validation_auc", .validation, .auc, false, true, "0.1250"),
      ("test_loss", .test, .loss, true, false, "0.1250"),
      ("test_accuracy", .test, .accuracy, false, true, "12.50 %"),
      ("test_auc", .test, .auc, false, true, "0.1250"),
      ("penalty", nil, nil, false, nil, "0.1250"),
      // two-layer-toy
      ("initial_loss", nil, .loss, true, false, "0.1250"),
      ("gradient_error", nil, nil, false, false, "0.1250"),
      // cascade
      ("train_mse", .train, .mse, true, false, "0.1250"),
      ("test_mse_alone", .test, nil, false, false, "0.1250"),
      ("train_loss_b", .train, nil, false, false, "0.1250"),
      ("test_loss_b_alone", .test, nil, false, false, "0.1250"),
      ("train_accuracy_alone", .train, nil, false, true, "12.50 %"),
      // etth1
      ("validation_mse", .validation, .mse, true, false, "0.1250"),
      ("test_mae", .test, nil, false, false, "0.1250"),
      // vae-mnist and vae-2d
      ("validation_elbo", .validation, nil, false, true, "0.1250"),
      ("test_negative_elbo", .test, nil, false, false, "0.1250"),
      ("test_reconstruction", .test, nil, false, false, "0.1250"),
      ("train_divergence", .train, nil, false, false, "0.1250"),
      ("test_perplexity", .test, nil, false, nil, "0.1250"),
      ("sliced_wasserstein", nil, nil, false, false, "0.1250"),
      ("sliced_wasserstein_true", nil, nil, false, false, "0.1250"),
      ("mmd", nil, nil, false, false, "0.1250"),
      ("mmd_ratio", nil, nil, false, false, "0.1250"),
    ]

  @Test(arguments: names.indices)
  func whatNamesTell(index: Int) {
    let expected = Self.names[index]
    let metric = Metric(expected.name)
    #expect(metric.name == expected.name)
    #expect(metric.part == expected.part)
    #expect(metric.measure == expected.measure)
    #expect(metric.isLoss == expected.isLoss)
    #expect(metric.isHigherBetter == expected.isHigherBetter)
    #expect(metric.text(0.125) == expected.text)
    // What is drawn is what is printed.
    let isShare = expected.text.hasSuffix("%")
    #expect(metric.scale == (isShare ? 100 : 1) && metric.unit == (isShare ? "%" : nil))
  }

  /// A part is a whole word, and the first one.
  @Test(arguments: ["testing_accuracy", "best_test_accuracy", "accuracy_test", "", "_"])
  func namesOfNoPart(name: String) {
    #expect(Metric(name).part == nil)
  }

  @Test func partAndMeasureMakeTheName() {
    #expect(Metric(.validation, .accuracy) == Metric("validation_accuracy"))
    #expect(Metric(.test, .auc).title == "test auc")
    #expect(Metric("train_loss_b_alone").title == "train loss b alone")
  }

  @Test(arguments: [
    ("test_accuracy", 0.97684, "97.68 %"), ("loss", 2.302585, "2.3026"), ("loss", 0, "0.0000"),
    ("loss", 0.0012345, "0.00123"), ("loss", -0.5, "-0.5000"), ("loss", 1e-9, "1e-09"),
    ("loss", 123_456.789, "123456.7890"), ("loss", 1e20, "1e+20"), ("loss", .nan, "nan"),
    ("test_accuracy", .infinity, "inf"),
  ])
  func values(name: String, value: Double, text: String) {
    #expect(Metric(name).text(value) == text)
  }
}
