import Synchronization

/// Another form of a tensor's elements, in which an operation works on them faster.
struct Form: Equatable {
  /// What made it.
  let name: String
  /// What distinguishes it from others of that name.
  let numbers: [Int]
}

extension Tensor {
  /// These elements in another form: made at first, then kept with them until they are written in place.
  ///
  /// For elements that stay as they are for long, such as the weights of a network that is not being trained. Many
  /// threads may ask at once.
  func kept(as form: Form, _ make: () -> Tensor) -> Tensor {
    if let found = lock.withLock({ _ in storage.form(form) }) { return found }
    // Two threads may both make it; they are the same, and to wait would hold up those that ask for others.
    let made = make().detached
    lock.withLock { _ in storage.keep(made, as: form) }
    return made
  }

  /// Gives up what is kept.
  func forgetForms() {
    lock.withLock { _ in storage.forgetForms() }
  }
}

/// Of the forms of all tensors: it is held to look something up or put it down, never while a form is made.
private let lock = Mutex<Void>(())

extension Storage {
  /// The elements in that form, if it has been made.
  fileprivate func form(_ form: Form) -> Tensor? { forms.first { $0.form == form }?.tensor }

  /// Keeps the elements in a form: in two, as a convolution wants its weight on the way forward and on the way back.
  fileprivate func keep(_ tensor: Tensor, as form: Form) {
    forms.removeAll { $0.form == form }
    if forms.count == 2 { forms.removeFirst() }
    forms.append((form, tensor))
  }

  /// Forgets the forms; under the lock, or by the only owner, who is about to write the elements.
  @inline(__always)
  func forgetForms() {
    if !forms.isEmpty { forms = [] }
  }
}
