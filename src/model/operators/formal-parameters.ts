// Made by test/reference/onnx-files/formal_parameters.py from onnx 1.23.2 and onnxruntime 1.32.0.

/**
 * Operator, its inputs > its outputs, as the specification names them. "..." takes all that follow; "@" is the opset
 * that a row begins at.
 */
export const FORMAL_PARAMETERS = `
Conv X W B > Y
ConvTranspose X W B > Y
DeformConv X W offset B mask > Y
ConvInteger x w x_zero_point w_zero_point > y
QLinearConv x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B > y
CausalConvWithState input weight bias past_state > output present_state
Col2Im input image_shape block_shape > output
Gemm A B C > Y
MatMul A B > Y
MatMulInteger A B a_zero_point b_zero_point > Y
QLinearMatMul a a_scale a_zero_point b b_scale b_zero_point y_scale y_zero_point > y
Einsum Inputs... > Output
Det X > Y
DFT input dft_length axis > output
STFT signal frame_step window frame_length > output
Relu X > Y
LeakyRelu X > Y
PRelu X slope > Y
ThresholdedRelu X > Y
Elu X > Y
Celu X > Y
Selu X > Y
Gelu X > Y
HardSwish X > Y
Swish X > Y
SwiGLU A B > Y
Mish X > Y
Sigmoid X > Y
HardSigmoid X > Y
Tanh input > output
Softplus X > Y
Softsign input > output
Shrink input > output
Erf input > output
Clip input min max > output
Softmax input > output
LogSoftmax input > output
Hardmax input > output
MaxPool X > Y Indices
AveragePool X > Y
LpPool X > Y
GlobalMaxPool X > Y
GlobalAveragePool X > Y
GlobalLpPool X > Y
MaxRoiPool X rois > Y
MaxUnpool X I output_shape > output
RoiAlign X rois batch_indices > Y
BatchNormalization@1 X scale B mean var > Y mean var saved_mean saved_var
BatchNormalization@14 X scale B input_mean input_var > Y running_mean running_var
InstanceNormalization input scale B > output
GroupNormalization X scale bias > Y
LayerNormalization X Scale B > Y Mean InvStdDev
RMSNormalization X scale > Y
SimplifiedLayerNormalization X scale > Y inv_std_var
MeanVarianceNormalization@1 input > output
MeanVarianceNormalization@9 X > Y
LpNormalization input > output
LRN X > Y
Attention Q K V attn_mask past_key past_value nonpad_kv_seqlen > Y present_key present_value qk_matmul_output
LinearAttention query key value past_state decay beta > output present_state
RotaryEmbedding X cos_cache sin_cache position_ids > Y
LSTM X W R B sequence_lens initial_h initial_c P > Y Y_h Y_c
GRU X W R B sequence_lens initial_h > Y Y_h
RNN X W R B sequence_lens initial_h > Y Y_h
Identity input > output
Cast input > output
CastLike input target_type > output
Dropout data ratio training_mode > output mask
Add A B > C
Sub A B > C
Mul A B > C
Div A B > C
Sum data_0... > sum
Mean data_0... > mean
Neg X > Y
Abs X > Y
Max data_0... > max
Min data_0... > min
Mod A B > C
Pow X Y > Z
Exp input > output
Log input > output
Sqrt X > Y
Reciprocal X > Y
Sign input > output
Floor X > Y
Ceil X > Y
Round X > Y
Sin input > output
Cos input > output
Tan input > output
Sinh input > output
Cosh input > output
Asin input > output
Acos input > output
Atan input > output
Asinh input > output
Acosh input > output
Atanh input > output
BitShift X Y > Z
BitwiseAnd A B > C
BitwiseOr A B > C
BitwiseXor A B > C
BitwiseNot X > Y
BitCast input > output
Equal A B > C
Greater A B > C
GreaterOrEqual A B > C
Less A B > C
LessOrEqual A B > C
And A B > C
Or A B > C
Xor A B > C
Not X > Y
IsNaN X > Y
IsInf X > Y
Where condition X Y > output
ReduceSum data axes > reduced
ReduceMean data axes > reduced
ReduceMax data axes > reduced
ReduceMin data axes > reduced
ReduceProd data axes > reduced
ReduceL1 data axes > reduced
ReduceL2 data axes > reduced
ReduceSumSquare data axes > reduced
ReduceLogSum data axes > reduced
ReduceLogSumExp data axes > reduced
ArgMax data > reduced
ArgMin data > reduced
CumSum x axis > y
CumProd x axis > y
NegativeLogLikelihoodLoss input target weight > loss
SoftmaxCrossEntropyLoss scores labels weights > output log_prob
Reshape data shape > reshaped
Flatten input > output
Squeeze data axes > squeezed
Unsqueeze data axes > expanded
Transpose data > transposed
Expand input shape > output
Tile@1 input tiles axis > output
Tile@6 input repeats > output
Concat inputs... > concat_result
Split@1 input split > outputs...
Split@2 input split > outputs...
Pad data pads constant_value axes > output
DepthToSpace input > output
SpaceToDepth input > output
CenterCropPad input_data shape > output_data
Resize@10 X scales > Y
Resize@11 X roi scales sizes > Y
Upsample X scales > Y
GridSample X grid > Y
AffineGrid theta size > grid
Shape data > shape
Size data > size
Gather data indices > output
GatherElements data indices > output
GatherND data indices > output
Scatter data indices updates > output
ScatterElements data indices updates > output
ScatterND data indices updates > output
TensorScatter past_cache update write_indices > present_cache
Slice data starts ends axes steps > output
Compress input condition > output
TopK X K > Values Indices
Trilu input k > output
ReverseSequence input sequence_lens > Y
OneHot indices depth values > output
NonZero X > Y
Unique X > Y indices inverse_indices counts
NonMaxSuppression boxes scores max_output_boxes_per_class iou_threshold score_threshold > selected_indices
QuantizeLinear x y_scale y_zero_point > y
DequantizeLinear x x_scale x_zero_point > y
DynamicQuantizeLinear x > y y_scale y_zero_point
If cond > outputs...
Loop M cond v_initial... > v_final_and_scan_outputs...
Scan@8 sequence_lens initial_state_and_scan_inputs... > final_state_and_scan_outputs...
Scan@9 initial_state_and_scan_inputs... > final_state_and_scan_outputs...
SequenceConstruct inputs... > output_sequence
SequenceEmpty > output
SequenceInsert input_sequence tensor position > output_sequence
SequenceErase input_sequence position > output_sequence
SequenceMap input_sequence additional_inputs... > out_sequence...
SplitToSequence input split > output_sequence
SequenceAt input_sequence position > tensor
SequenceLength input_sequence > length
ConcatFromSequence input_sequence > concat_result
Optional input > output
OptionalGetElement input > output
OptionalHasElement input > output
RandomNormal > output
RandomNormalLike input > output
RandomUniform > output
RandomUniformLike input > output
Bernoulli input > output
Multinomial input > output
Constant > output
ConstantOfShape input > output
EyeLike input > output
Range start limit delta > output
BlackmanWindow size > output
HammingWindow size > output
HannWindow size > output
MelWeightMatrix num_mel_bins dft_length sample_rate lower_edge_hertz upper_edge_hertz > output
ImageDecoder encoded_stream > image
TfIdfVectorizer X > Y
StringNormalizer X > Y
StringSplit X > Y Z
StringConcat X Y > Z
RegexFullMatch X > Y
ai.onnx.ml.ArrayFeatureExtractor X Y > Z
ai.onnx.ml.Binarizer X > Y
ai.onnx.ml.CastMap X > Y
ai.onnx.ml.CategoryMapper X > Y
ai.onnx.ml.DictVectorizer X > Y
ai.onnx.ml.FeatureVectorizer X... > Y
ai.onnx.ml.Imputer X > Y
ai.onnx.ml.LabelEncoder X > Y
ai.onnx.ml.LinearClassifier X > Y Z
ai.onnx.ml.LinearRegressor X > Y
ai.onnx.ml.Normalizer X > Y
ai.onnx.ml.OneHotEncoder X > Y
ai.onnx.ml.SVMClassifier X > Y Z
ai.onnx.ml.SVMRegressor X > Y
ai.onnx.ml.Scaler X > Y
ai.onnx.ml.TreeEnsemble X > Y
ai.onnx.ml.TreeEnsembleClassifier X > Y Z
ai.onnx.ml.TreeEnsembleRegressor X > Y
ai.onnx.ml.ZipMap X > Z
com.microsoft.FusedConv X W B Z > Y
com.microsoft.NhwcConv X W B > Y
com.microsoft.NhwcFusedConv X W B Z > Y
com.microsoft.QLinearConv x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B > y
com.microsoft.ConvTransposeWithDynamicPads X W Pads B > Y
com.microsoft.FusedGemm A B C > Y
com.microsoft.GemmFastGelu X W bias > Y
com.microsoft.FusedMatMul A B > Y
com.microsoft.TransposeMatMul A B > Y
com.microsoft.MatMulNBits A B scales zero_points g_idx bias > Y
com.microsoft.MatMulBnb4 A B absmax > Y
com.microsoft.MatMulIntegerToFloat A B a_scale b_scale a_zero_point b_zero_point bias > Y
com.microsoft.DynamicQuantizeMatMul A B b_scale b_zero_point bias > Y
com.microsoft.QGemm A a_scale a_zero_point B b_scale b_zero_point C y_scale y_zero_point > Y
com.microsoft.QOrderedMatMul A scale_A B scale_B scale_Y bias C scale_C > Y
com.microsoft.Inverse X > Y
com.microsoft.CDist A B > C
com.microsoft.MoE input router_probs fc1_experts_weights fc1_experts_bias fc2_experts_weights fc2_experts_bias fc3_experts_weights fc3_experts_bias > output
com.microsoft.QMoE input router_probs fc1_experts_weights fc1_scales fc1_experts_bias fc2_experts_weights fc2_scales fc2_experts_bias fc3_experts_weights fc3_scales fc3_experts_bias fc1_zero_points fc2_zero_points fc3_zero_points router_weights fc1_global_scale fc2_global_scale fc1_act_scale fc2_act_scale fc1_act_block_scale fc2_act_block_scale > output
com.microsoft.Gelu X > Y
com.microsoft.FastGelu X bias > Y
com.microsoft.BiasGelu A B > C
com.microsoft.QuickGelu X > Y
com.microsoft.ScaledSiLU X scale > Y
com.microsoft.BiasSplitGelu X bias > Y
com.microsoft.BiasSoftmax data bias > output
com.microsoft.QLinearLeakyRelu X X_scale X_zero_point Y_scale Y_zero_point > Y
com.microsoft.QLinearSigmoid X X_scale X_zero_point Y_scale Y_zero_point > Y
com.microsoft.QLinearSoftmax X X_scale x_zero_point y_scale y_zero_point > Y
com.microsoft.NhwcMaxPool x > y
com.microsoft.QLinearAveragePool X x_scale x_zero_point y_scale y_zero_point > Y
com.microsoft.QLinearGlobalAveragePool X x_scale x_zero_point y_scale y_zero_point > Y
com.microsoft.SkipLayerNormalization input skip gamma beta bias > output mean inv_std_var input_skip_bias_sum
com.microsoft.SkipSimplifiedLayerNormalization input skip gamma bias > output mean inv_std_var input_skip_bias_sum
com.microsoft.EmbedLayerNormalization input_ids segment_ids word_embedding position_embedding segment_embedding gamma beta mask position_ids > output mask_index embedding_sum
com.microsoft.QEmbedLayerNormalization input_ids segment_ids word_embedding_quant position_embedding_quant segment_embedding gamma_quant beta_quant mask word_embedding_scale position_embedding_scale segment_embedding_scale gamma_scale beta_scale word_embedding_zero_point position_embedding_zero_point segment_embedding_zero_point gamma_zero_point beta_zero_point > layernorm_out mask_index_out
com.microsoft.GroupNorm X gamma beta > Y
com.microsoft.SkipGroupNorm X gamma beta skip bias > Y S
com.microsoft.GatedRMSNorm X scale gate > Y
com.microsoft.Attention input weights bias mask_index past attention_bias past_sequence_length > output present
com.microsoft.MultiHeadAttention query key value bias key_padding_mask attention_bias past_key past_value past_sequence_length cache_indirection > output present_key present_value qk
com.microsoft.GroupQueryAttention query key value past_key past_value seqlens_k total_sequence_length cos_cache sin_cache position_ids attention_bias head_sink k_scale v_scale q_norm_weight k_norm_weight query_seqlens > output present_key present_value output_qk
com.microsoft.QAttention input weight bias input_scale weight_scale mask_index input_zero_point weight_zero_point past > output present
com.microsoft.DecoderMaskedMultiHeadAttention query key value mask_index attention_bias past_key past_value past_sequence_length beam_width cache_indirection bias > output present_key present_value qk
com.microsoft.LinearAttention query key value past_state decay beta > output present_state
com.microsoft.SparseAttention query key value past_key past_value block_row_indices block_col_indices total_sequence_length key_total_sequence_lengths cos_cache sin_cache > output present_key present_value
com.microsoft.RotaryEmbedding input position_ids cos_cache sin_cache > output
com.microsoft.AttnLSTM X W R B sequence_lens initial_h initial_c P QW MW V M memory_seq_lens AW > Y Y_h Y_c
com.microsoft.DynamicQuantizeLSTM X W R B sequence_lens initial_h initial_c P W_scale W_zero_point R_scale R_zero_point > Y Y_h Y_c
com.microsoft.BiasAdd X bias skip > Y
com.microsoft.BiasDropout data bias residual ratio training_mode > output mask
com.microsoft.GatedAdd X Y gate gate_weight > output
com.microsoft.QLinearAdd A A_scale A_zero_point B B_scale B_zero_point C_scale C_zero_point > C
com.microsoft.QLinearMul A A_scale A_zero_point B B_scale B_zero_point C_scale C_zero_point > C
com.microsoft.QLinearWhere condition X x_scale x_zero_point Y y_scale y_zero_point z_scale z_zero_point > Z
com.microsoft.QLinearReduceMean data data_scale data_zero_point reduced_scale reduced_zero_point > reduced
com.microsoft.ExpandDims X axis > Y
com.microsoft.Pad data pads value > output
com.microsoft.GridSample X Grid > Y
com.microsoft.QLinearConcat Y_scale Y_zero_point inputs... > Y
com.microsoft.GatherND data indices > output
com.microsoft.GatherBlockQuantized data indices scales zero_points > output
com.microsoft.Trilu X k > Y
com.microsoft.Unique x > y idx counts
com.microsoft.Range start limit delta > Y
com.microsoft.QuantizeLinear x y_scale y_zero_point > y
com.microsoft.DequantizeLinear x x_scale x_zero_point > y
com.microsoft.nchwc.ReorderInput X > Y
com.microsoft.nchwc.ReorderOutput X > Y
`;
