/** ONNX Runtime's operators (com.microsoft and its layouts): name | family | traits | what it computes. */
export const MICROSOFT = `
com.microsoft.FusedConv | convolution | convolution | A convolution with its activation.
com.microsoft.NhwcConv | convolution | convolution | A convolution with channels last.
com.microsoft.NhwcFusedConv | convolution | convolution | A convolution with its activation, channels last.
com.microsoft.QLinearConv | convolution | convolution gives-quantised | A convolution of quantised values.
com.microsoft.ConvTransposeWithDynamicPads | convolution | convolution | ConvTranspose with padding that is an input.

com.microsoft.FusedGemm | linear | dense | A Gemm with its activation.
com.microsoft.GemmFastGelu | linear | dense | A matrix product with its GELU.
com.microsoft.FusedMatMul | linear | dense | A matrix product with transposed operands and a factor.
com.microsoft.TransposeMatMul | linear | dense | FusedMatMul under its old name.
com.microsoft.MatMulNBits | linear | dense | A matrix product with weights of a few bits, in blocks.
com.microsoft.MatMulBnb4 | linear | dense | A matrix product with 4-bit weights of bitsandbytes.
com.microsoft.MatMulIntegerToFloat | linear | dense quantised | A matrix product of quantised values, as floats.
com.microsoft.DynamicQuantizeMatMul | linear | dense quantised | A matrix product with quantised weights and an input quantised as it comes.
com.microsoft.QGemm | linear | dense gives-quantised | A Gemm of quantised values.
com.microsoft.QOrderedMatMul | linear | dense quantised | A matrix product of quantised values in a layout of their own.
com.microsoft.Inverse | linear | | The inverse of each matrix.
com.microsoft.CDist | linear | | Distances between the rows of two matrices.
com.microsoft.MoE | linear | multiply-adds | Dense layers of which a router picks some for each token.
com.microsoft.QMoE | linear | multiply-adds quantised | A mixture of experts with quantised weights.

com.microsoft.Gelu | activation | activation | x times the normal distribution's cumulative probability of x.
com.microsoft.FastGelu | activation | activation | GELU by its tanh approximation, with an optional bias.
com.microsoft.BiasGelu | activation | activation | GELU of the input plus a bias.
com.microsoft.QuickGelu | activation | activation | x·sigmoid(alpha·x)
com.microsoft.ScaledSiLU | activation | | scale·x·sigmoid x
com.microsoft.BiasSplitGelu | activation | | Half of the input plus a bias, gated by the GELU of the other half.
com.microsoft.BiasSoftmax | activation | | Softmax of a sum.
com.microsoft.QLinearLeakyRelu | activation | gives-quantised | LeakyRelu of quantised values.
com.microsoft.QLinearSigmoid | activation | gives-quantised | Sigmoid of quantised values.
com.microsoft.QLinearSoftmax | activation | gives-quantised | Softmax of quantised values.

com.microsoft.NhwcMaxPool | pooling | max-pool gives-quantised | The largest element of each window, channels last.
com.microsoft.QLinearAveragePool | pooling | gives-quantised | The mean of each window of quantised values.
com.microsoft.QLinearGlobalAveragePool | pooling | gives-quantised | The mean of each channel of quantised values.

com.microsoft.SkipLayerNormalization | normalization | normalization | LayerNormalization of a sum with a skip connection.
com.microsoft.SkipSimplifiedLayerNormalization | normalization | normalization | RMSNormalization of a sum with a skip connection.
com.microsoft.SimplifiedLayerNormalization | normalization | normalization norm-division | RMSNormalization under its old name.
com.microsoft.EmbedLayerNormalization | normalization | | LayerNormalization of the sum of a text's embeddings.
com.microsoft.QEmbedLayerNormalization | normalization | quantised | EmbedLayerNormalization with quantised tables.
com.microsoft.GroupNorm | normalization | normalization | GroupNormalization with channels last, and an optional Swish.
com.microsoft.SkipGroupNorm | normalization | normalization | GroupNorm of a sum with a skip connection.
com.microsoft.GatedRMSNorm | normalization | | RMSNormalization, times a gate.

com.microsoft.Attention | attention | multiply-adds | Multi-head attention with its input projections.
com.microsoft.MultiHeadAttention | attention | multiply-adds | Multi-head attention of given queries, keys and values.
com.microsoft.GroupQueryAttention | attention | multiply-adds | Attention in which groups of heads share keys and values.
com.microsoft.QAttention | attention | multiply-adds quantised | Multi-head attention with quantised weights.
com.microsoft.DecoderMaskedMultiHeadAttention | attention | multiply-adds | Multi-head attention of one new step to a cache.
com.microsoft.LinearAttention | attention | multiply-adds | Attention without a softmax, as a recurrence over steps.
com.microsoft.SparseAttention | attention | multiply-adds | Attention to some blocks of steps.
com.microsoft.RotaryEmbedding | attention | | Rotates pairs of features by angles that depend on the position.

com.microsoft.AttnLSTM | recurrent | recurrent | An LSTM with attention to a memory.
com.microsoft.DynamicQuantizeLSTM | recurrent | recurrent quantised | An LSTM with quantised weights.

com.microsoft.BiasAdd | elementwise | | The input plus a bias and a skip connection, channels last.
com.microsoft.BiasDropout | elementwise | | Dropout of a sum.
com.microsoft.GatedAdd | elementwise | | A residual sum of which one term is gated.
com.microsoft.QLinearAdd | elementwise | gives-quantised | A + B of quantised values.
com.microsoft.QLinearMul | elementwise | gives-quantised | A · B of quantised values.
com.microsoft.QLinearWhere | elementwise | gives-quantised | Quantised elements of one tensor or another, by a condition.
com.microsoft.QLinearReduceMean | reduction | gives-quantised | The mean of quantised values along axes.

com.microsoft.ExpandDims | shape | reshape | Inserts an axis of length 1.
com.microsoft.Pad | shape | moves | Surrounds a tensor with constants, edges or reflections.
com.microsoft.GridSample | shape | | Samples the input at given coordinates, by interpolation.
com.microsoft.QLinearConcat | shape | gives-quantised | Joins quantised tensors along an axis.
com.microsoft.GatherND | indexing | reorders | Slices by tuples of indices.
com.microsoft.GatherBlockQuantized | indexing | quantised | Rows of a table that is quantised in blocks.
com.microsoft.Trilu | indexing | reorders | The upper or lower triangle; zero elsewhere.
com.microsoft.Unique | indexing | counts | Each value once, and where it occurs.
com.microsoft.Range | other | linear | Numbers from a start to a limit, by a step.

com.microsoft.QuantizeLinear | quantisation | gives-quantised unary | Rounds x / scale to integers, and adds the zero point.
com.microsoft.DequantizeLinear | quantisation | quantised unary linear | (q − zero point) · scale

com.microsoft.nchwc.ReorderInput | shape | | Puts channels side by side in blocks.
com.microsoft.nchwc.ReorderOutput | shape | | Puts channels back from blocks.
`;
