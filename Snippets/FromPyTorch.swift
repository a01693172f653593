// A convolutional classifier: model, loader, training loop, weights to a file and back.

import Adjoint
import Foundation

// snippet.model
struct Digits: Layer {
  let conv1, conv2: Conv2d
  let bn1, bn2: BatchNorm
  let pool = MaxPool2d(window: 2)
  let dropout = Dropout(0.2)
  let fc: Linear

  init(classes: Int, random: inout Philox) {
    let same = ConvolutionGeometry(padding: 1)
    conv1 = Conv2d(1, 8, window: 3, same, bias: false, random: &random)
    bn1 = BatchNorm(8, activation: .relu)
    conv2 = Conv2d(8, 16, window: 3, same, bias: false, random: &random)
    bn2 = BatchNorm(16, activation: .relu)
    fc = Linear(
      flattened: (height: 7, width: 7, channels: 16), classes, random: &random)
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    // [batch, 28, 28, 1] to [batch, 14, 14, 8] to [batch, 7, 7, 16]
    var h = pool(bn1(conv1(x, context), context), context)
    h = pool(bn2(conv2(h, context), context), context)
    return fc(dropout(h.flattened(from: 1), context), context)
  }
}
// snippet.end

// snippet.data
let digits = DrawnDigits.load(trainCount: 4_000, testCount: 1_000)
let loader = Loader(
  digits.train, batchSize: 64, order: .shuffled(seed: 1),
  lastBatch: .drop, layout: .images,
  augmentation: Augmentation(mirrors: false, shift: 2, seed: 1),
  prefetch: 2)
let testLoader = Loader(
  digits.test, batchSize: 100, order: .sequential, layout: .images)
// snippet.end

// snippet.train
var random = Philox(seed: 1)
let model = Digits(classes: 10, random: &random)
let optimizer = AdamW(parameters(of: model), weightDecay: 1e-2)
let steps = 3 * loader.batchesPerEpoch
let schedule = Schedule.warmupCosine(warmup: 20, total: steps)
let context = Context.training(seed: 1)

for step in 0..<steps {
  let batch = loader.next()
  context.begin(step: step)
  optimizer.learningRate = schedule.rate(base: 3e-3, at: step)
  let (loss, gradients) = valueWithGradient(of: optimizer.parameters) {
    let logits = model(batch.inputs, context)
    return softmaxCrossEntropy(logits, labels: batch.labels)
  }
  let clipping = GradientClipping.norm(1).transform(for: gradients)
  optimizer.step(gradients, clipping)
  if batch.isLastOfEpoch {
    print("epoch \(batch.position.epoch): loss \(loss.item)")
  }
}
// snippet.end

// snippet.evaluate
func accuracy(of model: Digits, on loader: Loader) -> Double {
  var (correct, count) = (0, 0)
  for _ in 0..<loader.batchesPerEpoch {
    let batch = loader.next()
    let logits = model(batch.inputs, .inference)
    correct += countCorrect(logits, labels: batch.labels)
    count += batch.count
  }
  return Double(correct) / Double(count)
}
print("accuracy \(accuracy(of: model, on: testLoader))")
// snippet.end

// snippet.weights
let folder = FileManager.default.temporaryDirectory
let file = folder.appending(path: "digits-\(UUID()).safetensors")
try SafeTensors.write(stateDictionary(of: model), to: file)

let copy = Digits(classes: 10, random: &random)
try load(StateFile.read(file), into: copy, from: file.path)
print("accuracy of the copy \(accuracy(of: copy, on: testLoader))")
try FileManager.default.removeItem(at: file)
// snippet.end
