/** ai.onnx: name | family | traits | what it computes. SimplifiedLayerNormalization is ONNX Runtime's, under this domain. */
export const STANDARD = `
Conv | convolution | convolution | Slides filters over the input: weighted sums of windows.
ConvTranspose | convolution | convolution | The transpose of a convolution: spreads each element over a window.
DeformConv | convolution | convolution | A convolution whose sampling positions are moved by learned offsets.
ConvInteger | convolution | convolution gives-quantised | A convolution of integers, minus their zero points.
QLinearConv | convolution | convolution gives-quantised | A convolution of quantised values, with a quantised result.
CausalConvWithState | convolution | multiply-adds | A one-sided convolution over steps that keeps the last steps as its state.
Col2Im | convolution | linear | Adds windows up into the image that they lie in.

Gemm | linear | dense | A matrix product with an optional bias: alpha·A·B + beta·C.
MatMul | linear | dense | The matrix product.
MatMulInteger | linear | dense gives-quantised | The matrix product of integers, minus their zero points.
QLinearMatMul | linear | dense gives-quantised | The matrix product of quantised values, with a quantised result.
Einsum | linear | product multiply-adds | Products of elements, summed over the axes that its equation leaves out.
Det | linear | | The determinant of each matrix.
DFT | linear | | The discrete Fourier transform along an axis.
STFT | linear | | Fourier transforms of overlapping windows of a signal.

Relu | activation | activation non-negative piecewise-linear | max(x, 0)
LeakyRelu | activation | activation never-level | x, and alpha·x below zero.
PRelu | activation | activation never-level | x, and slope·x below zero, with learned slopes.
ThresholdedRelu | activation | activation piecewise-linear | x above alpha, else 0.
Elu | activation | activation | x, and alpha·(exp x − 1) below zero.
Celu | activation | activation | x, and alpha·(exp(x / alpha) − 1) below zero.
Selu | activation | activation | Elu, scaled so that activations stay normalized.
Gelu | activation | activation | x times the normal distribution's cumulative probability of x.
HardSwish | activation | activation | x·HardSigmoid(x), with pieces that are straight or parabolas.
Swish | activation | activation | x·sigmoid(alpha·x), also called SiLU.
SwiGLU | activation | | Half of the input, gated by the Swish of the other half.
Mish | activation | activation | x·tanh(softplus x)
Sigmoid | activation | activation squashing non-negative | 1 / (1 + exp(−x)), between 0 and 1.
HardSigmoid | activation | activation squashing non-negative | alpha·x + beta, clipped to between 0 and 1.
Tanh | activation | activation squashing | The hyperbolic tangent, between −1 and 1.
Softplus | activation | activation non-negative | log(1 + exp x), a smooth Relu.
Softsign | activation | activation squashing | x / (1 + |x|), between −1 and 1.
Shrink | activation | activation straight-pieces | Pulls values towards zero by a bias; 0 within ±lambd.
Erf | activation | activation | The Gauss error function.
Clip | activation | unary straight-pieces | Limits values to between a minimum and a maximum.
Softmax | activation | squashing non-negative | exp x, divided by its sum along an axis: probabilities.
LogSoftmax | activation | squashing | The logarithm of Softmax.
Hardmax | activation | non-negative steps | 1 for the first largest element along an axis, else 0.

MaxPool | pooling | pool max-pool selects | The largest element of each window.
AveragePool | pooling | pool linear keeps-sign within-range | The mean of each window.
LpPool | pooling | pool non-negative | The p-norm of each window.
GlobalMaxPool | pooling | pool max-pool selects | The largest element of each channel.
GlobalAveragePool | pooling | pool linear keeps-sign within-range | The mean of each channel.
GlobalLpPool | pooling | pool non-negative | The p-norm of each channel.
MaxRoiPool | pooling | | The largest element in each cell of regions of the input.
MaxUnpool | pooling | linear selects | Puts elements back where MaxPool took them from; zero elsewhere.
RoiAlign | pooling | | Samples regions of the input on a grid, by interpolation.

BatchNormalization | normalization | normalization linear | Normalizes channels by stored means and variances, then scales and shifts.
InstanceNormalization | normalization | normalization channels-first | Normalizes each channel of each sample, then scales and shifts.
GroupNormalization | normalization | normalization channels-first | Normalizes groups of channels, then scales and shifts.
LayerNormalization | normalization | normalization | Normalizes over the last axes, then scales and shifts.
RMSNormalization | normalization | normalization norm-division | Divides by the root mean square over the last axes, then scales.
SimplifiedLayerNormalization | normalization | normalization norm-division | RMSNormalization, as ONNX Runtime writes it.
MeanVarianceNormalization | normalization | normalization | Subtracts the mean and divides by the standard deviation.
LpNormalization | normalization | normalization norm-division | Divides by the p-norm along an axis.
LRN | normalization | normalization norm-division | Divides by a sum of squares over neighbouring channels.

Attention | attention | multiply-adds | Scaled dot-product attention: values, averaged by the softmax of queries times keys.
LinearAttention | attention | multiply-adds | Attention without a softmax, as a recurrence over steps.
RotaryEmbedding | attention | | Rotates pairs of features by angles that depend on the position.

LSTM | recurrent | recurrent | Long short-term memory over a sequence.
GRU | recurrent | recurrent | Gated recurrent units over a sequence.
RNN | recurrent | recurrent | A plain recurrent layer over a sequence.

Identity | elementwise | pass moves | The input as it is.
Cast | elementwise | pass | The input with another element type.
CastLike | elementwise | pass | The input with the element type of another tensor.
Dropout | elementwise | pass | The input as it is; in training, elements are zeroed at random.
Add | elementwise | arithmetic linear operands keeps-sign | A + B
Sub | elementwise | arithmetic linear operands | A − B
Mul | elementwise | arithmetic product operands keeps-sign | A · B
Div | elementwise | arithmetic product operands keeps-sign | A / B
Sum | elementwise | arithmetic linear operands keeps-sign | The sum of all inputs, element by element.
Mean | elementwise | arithmetic linear operands keeps-sign | The mean of all inputs, element by element.
Neg | elementwise | arithmetic unary linear | −x
Abs | elementwise | arithmetic unary non-negative piecewise-linear | |x|
Max | elementwise | elementwise selects operands keeps-sign piecewise-linear | The largest of the inputs, element by element.
Min | elementwise | elementwise selects operands keeps-sign piecewise-linear | The smallest of the inputs, element by element.
Mod | elementwise | elementwise operands | The remainder of A / B.
Pow | elementwise | elementwise operands | A to the power of B.
Exp | elementwise | unary non-negative | e to the power of x.
Log | elementwise | unary | The natural logarithm.
Sqrt | elementwise | unary non-negative | The square root.
Reciprocal | elementwise | unary | 1 / x
Sign | elementwise | unary steps | −1, 0 or 1.
Floor | elementwise | unary steps | Rounds down.
Ceil | elementwise | unary steps | Rounds up.
Round | elementwise | unary steps | Rounds to the nearest integer, halves to the even one.
Sin | elementwise | unary | The sine.
Cos | elementwise | unary | The cosine.
Tan | elementwise | unary | The tangent.
Sinh | elementwise | unary | The hyperbolic sine.
Cosh | elementwise | unary non-negative | The hyperbolic cosine.
Asin | elementwise | unary | The inverse sine.
Acos | elementwise | unary non-negative | The inverse cosine.
Atan | elementwise | unary | The inverse tangent.
Asinh | elementwise | unary | The inverse hyperbolic sine.
Acosh | elementwise | unary non-negative | The inverse hyperbolic cosine.
Atanh | elementwise | unary | The inverse hyperbolic tangent.
BitShift | elementwise | elementwise operands | Shifts bits to the left or right.
BitwiseAnd | elementwise | elementwise operands | Bits that are set in both.
BitwiseOr | elementwise | elementwise operands | Bits that are set in either.
BitwiseXor | elementwise | elementwise operands | Bits that are set in one of both.
BitwiseNot | elementwise | elementwise | Flips all bits.
BitCast | elementwise | | The same bits as another element type.
Equal | elementwise | gives-bool | Whether A = B.
Greater | elementwise | comparison | Whether A > B.
GreaterOrEqual | elementwise | comparison | Whether A ≥ B.
Less | elementwise | comparison | Whether A < B.
LessOrEqual | elementwise | comparison | Whether A ≤ B.
And | elementwise | gives-bool | Whether both are true.
Or | elementwise | gives-bool | Whether either is true.
Xor | elementwise | gives-bool | Whether exactly one is true.
Not | elementwise | gives-bool | Whether it is false.
IsNaN | elementwise | gives-bool | Whether it is not a number.
IsInf | elementwise | gives-bool | Whether it is infinite.
Where | elementwise | linear selects | Elements of one tensor or another, by a condition.

ReduceSum | reduction | reduce keeps-one linear keeps-sign | The sum along axes.
ReduceMean | reduction | reduce keeps-one linear keeps-sign within-range | The mean along axes.
ReduceMax | reduction | reduce keeps-one selects keeps-sign within-range piecewise-linear | The largest element along axes.
ReduceMin | reduction | reduce keeps-one selects keeps-sign within-range piecewise-linear | The smallest element along axes.
ReduceProd | reduction | reduce keeps-one keeps-sign | The product along axes.
ReduceL1 | reduction | reduce non-negative | The sum of absolute values along axes.
ReduceL2 | reduction | reduce non-negative | The root of the sum of squares along axes.
ReduceSumSquare | reduction | reduce non-negative | The sum of squares along axes.
ReduceLogSum | reduction | reduce | The logarithm of the sum along axes.
ReduceLogSumExp | reduction | reduce | The logarithm of the sum of exponentials along axes.
ArgMax | reduction | gives-int64 | The place of the largest element along an axis.
ArgMin | reduction | gives-int64 | The place of the smallest element along an axis.
CumSum | reduction | linear keeps-sign | The running sum along an axis.
CumProd | reduction | keeps-sign | The running product along an axis.
NegativeLogLikelihoodLoss | reduction | | The loss of log-probabilities by labels.
SoftmaxCrossEntropyLoss | reduction | | The cross-entropy of scores by labels.

Reshape | shape | reshape | The same elements in another shape.
Flatten | shape | reshape | The same elements as a matrix.
Squeeze | shape | reshape | Removes axes of length 1.
Unsqueeze | shape | reshape | Inserts axes of length 1.
Transpose | shape | reorders | Permutes the axes.
Expand | shape | moves | Repeats axes of length 1 up to a shape.
Tile | shape | moves | Repeats the whole tensor along axes.
Concat | shape | moves operands | Joins tensors along an axis.
Split | shape | reorders | Cuts a tensor into parts along an axis.
Pad | shape | moves | Surrounds a tensor with constants, edges or reflections.
DepthToSpace | shape | reorders | Spreads channels out into blocks of pixels.
SpaceToDepth | shape | reorders | Gathers blocks of pixels into channels.
CenterCropPad | shape | reorders | Crops or pads around the centre to a given size.
Resize | shape | linear | Scales by interpolation.
Upsample | shape | linear | Scales up by interpolation (until opset 9).
GridSample | shape | | Samples the input at given coordinates, by interpolation.
AffineGrid | shape | | The sampling coordinates of an affine transformation.
Shape | shape | shape-of | The lengths of the axes.
Size | shape | shape-of | The number of elements.

Gather | indexing | reorders | Entries of an axis by their indices, such as rows of an embedding.
GatherElements | indexing | reorders | One element for each index, along an axis.
GatherND | indexing | reorders | Slices by tuples of indices.
Scatter | indexing | linear selects | ScatterElements (until opset 10).
ScatterElements | indexing | linear selects | Writes elements to indices along an axis.
ScatterND | indexing | linear selects | Writes slices to tuples of indices.
TensorScatter | indexing | | Writes new steps into a cache.
Slice | indexing | reorders | A range of each axis, with steps.
Compress | indexing | reorders counts | The entries that a condition holds for.
TopK | indexing | selects | The k largest or smallest elements along an axis, and their places.
Trilu | indexing | reorders | The upper or lower triangle; zero elsewhere.
ReverseSequence | indexing | reorders | Reverses the first steps of each sequence.
OneHot | indexing | linear | A vector for each index, with one value at the index and another elsewhere.
NonZero | indexing | gives-int64 counts | The places of elements that are not zero.
Unique | indexing | counts | Each value once, and where it occurs.
NonMaxSuppression | indexing | gives-int64 counts | The boxes that are left when those overlapping a better one are removed.

QuantizeLinear | quantisation | gives-quantised unary | Rounds x / scale to integers, and adds the zero point.
DequantizeLinear | quantisation | quantised unary linear | (q − zero point) · scale
DynamicQuantizeLinear | quantisation | gives-quantised | Quantises by the range of the values themselves.

If | control flow | body | Runs one of two graphs, by a condition.
Loop | control flow | body | Runs a graph again and again.
Scan | control flow | body | Runs a graph for each entry of an axis.

SequenceConstruct | sequence | gives-sequence | A list of the given tensors.
SequenceEmpty | sequence | gives-sequence | An empty list.
SequenceInsert | sequence | gives-sequence | A list with one more tensor.
SequenceErase | sequence | gives-sequence | A list with one tensor less.
SequenceMap | sequence | gives-sequence | A graph's results for each element of a list.
SplitToSequence | sequence | gives-sequence | A list of a tensor's parts along an axis.
SequenceAt | sequence | | A list's tensor at a place.
SequenceLength | sequence | gives-int64 | How many tensors a list holds.
ConcatFromSequence | sequence | | A list's tensors, joined along an axis.
Optional | sequence | | An optional that holds a value, or nothing.
OptionalGetElement | sequence | | What an optional holds.
OptionalHasElement | sequence | gives-bool | Whether an optional holds anything.

RandomNormal | random | random | Normally distributed random numbers.
RandomNormalLike | random | random | Normally distributed random numbers in another tensor's shape.
RandomUniform | random | random | Evenly distributed random numbers.
RandomUniformLike | random | random | Evenly distributed random numbers in another tensor's shape.
Bernoulli | random | random | 0 or 1 at random, by probabilities.
Multinomial | random | random | Classes at random, by their log-probabilities.

Constant | other | | A constant tensor.
ConstantOfShape | other | | A tensor of one number, in a given shape.
EyeLike | other | | A matrix with ones on a diagonal.
Range | other | linear | Numbers from a start to a limit, by a step.
BlackmanWindow | other | | The Blackman window of a length.
HammingWindow | other | | The Hamming window of a length.
HannWindow | other | | The Hann window of a length.
MelWeightMatrix | other | | Weights that turn a spectrum into mel bands.
ImageDecoder | other | | The pixels of an encoded image.
TfIdfVectorizer | other | | Counts or weights of n-grams.
StringNormalizer | other | | Strings in one case, without stop words.
StringSplit | other | counts | The parts of strings between delimiters.
StringConcat | other | | Joins strings, element by element.
RegexFullMatch | other | gives-bool | Whether strings match a regular expression.
`;
