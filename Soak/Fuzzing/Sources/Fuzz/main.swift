// READER=name Fuzz [options of libFuzzer] [folders of inputs]
// Fuzz seeds FOLDER
//
// The reader is named in the environment: libFuzzer starts itself again, with its own options only, to merge corpora.

import CFuzzer
import Foundation

private func stop(_ words: String) -> Never {
  FileHandle.standardError.write(Data("fuzz: \(words)\n".utf8))
  exit(64)
}

if CommandLine.arguments.dropFirst().first == "seeds" {
  guard CommandLine.argc == 3 else { stop("name a folder for the seeds") }
  try Seeds.write(into: URL(fileURLWithPath: CommandLine.arguments[2], isDirectory: true))
  exit(0)
}
private let name = ProcessInfo.processInfo.environment["READER"] ?? ""
private let chosen = FileReaders.all.first { $0.name == name }
guard let chosen else {
  let names = FileReaders.all.map(\.name).joined(separator: ", ")
  stop("READER='\(name)': has to be one of \(names)")
}
private let reader = chosen

private nonisolated(unsafe) var count = CommandLine.argc
private nonisolated(unsafe) var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
  CommandLine.unsafeArgv
exit(
  LLVMFuzzerRunDriver(&count, &words) { bytes, size in
    let input = [UInt8](UnsafeBufferPointer(start: bytes, count: size))
    do { try FileReaders.read(input, with: reader) } catch {
      // What is not an error of the reader's own would reach the user as a fault of the program.
      if !FileReaders.isRefusal(error) { fatalError("\(reader.name): \(error)") }
    }
    return 0
  })
