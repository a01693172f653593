// The umbrella: `import Adjoint` brings every room that a program needs to train networks of its own.

@_exported import Attribution
@_exported import Checkpoints
@_exported import Datasets
@_exported import Derivations
@_exported import EventLog
@_exported import Figures
@_exported import Layers
@_exported import Models
@_exported import Optimizers
@_exported import Tensors
@_exported import Training
