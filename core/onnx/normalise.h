#pragma once

namespace qs::onnx {

// clang-format off
// Canonical operators
// ===================
// What nodes of an imported graph look like, whatever opset and form the file used. All inputs are data; parameters are
// attributes under the names below. Axes are never negative, and an attribute listed here without "or absent" is always
// present. Names, formulas and defaults are those of ONNX opset 17 unless said otherwise.
//
//  element-wise, broadcast as in NumPy
//   Add Sub Mul Div Pow Mod Max Min     a, b (exactly two); Mod: fmod (0 or 1)
//   And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual     a, b -> Bool;  Not: x
//   Where                               condition (Bool), a, b
//  element-wise
//   Relu Sigmoid Tanh Exp Log Sqrt Reciprocal Neg Abs Erf Sin Cos Floor Ceil Round Sign Softplus Silu HardSwish
//   Mish IsNaN
//   Acos Acosh Asin Asinh Atan Atanh Cosh Sinh Tan
//   Silu                                x * sigmoid(x)
//   HardSigmoid                         alpha, beta
//   LeakyRelu, Elu                      alpha
//   PRelu                               x, slope
//   Gelu                                approximate: "none" (erf) or "tanh"
//   Clip                                min or absent, max or absent (float)
//   Cast                                to: text, dtypeName of the target ("float32", "int64", ...); float16, bfloat16 and
//                                       double are float32
//  shapes and movement
//   Reshape                             shape: the sizes, all known, no 0 or -1 with a meaning of their own
//                                       (also from Flatten, Squeeze, Unsqueeze)
//   Transpose                           perm
//   Slice                               starts, ends, axes, steps: four lists of one length; steps are not 0; starts and
//                                       ends may be negative or too large, as in ONNX
//   Split                               axis, split (the sizes; they sum up)
//   Concat                              axis
//   Gather                              x, indices (Int64 or Int32, may be negative); axis
//   GatherElements                      x, indices; axis
//   GatherND                            x, indices (constant Int64 tuples); batch_dims
//   Expand                              shape (broadcast of the input's shape and this)
//   Tile                                repeats
//   Pad                                 pads (all axes: begins, then ends; may be negative), mode, value (float)
//   Resize                              sizes (all axes), scales (float, all axes; as the file says, or sizes/input), mode,
//                                       coordinate_transformation_mode, nearest_mode, cubic_coeff_a, exclude_outside
//                                       (also from Upsample)
//   GridSample                          x, grid; mode (linear, nearest, cubic), padding_mode, align_corners
//   DepthToSpace, SpaceToDepth          blocksize, mode ("DCR" or "CRD"; DepthToSpace only)
//   TopK                                k, axis, largest, sorted
//   Trilu                               k, upper
//   CumSum                              axis, exclusive, reverse
//   ScatterND                           x, indices (constant Int64 tuples, not negative), updates
//                                       (also from ScatterElements)
//  reductions
//   ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare     axes (sorted), keepdims
//                                       (also from GlobalAveragePool, GlobalMaxPool)
//   ArgMax, ArgMin                      axis, keepdims, select_last_index
//   Softmax, LogSoftmax                 axis (one axis, also where the file is older than opset 13)
//  products
//   Linear                              x, weight [k, n], bias [n] or absent
//   MatMul                              a, b
//   Einsum                              a, b; equation
//   Conv                                x, weight, bias or absent; strides, dilations, pads (begins, then ends), group;
//                                       one or two spatial axes; auto_pad is resolved into pads
//   ConvTranspose                       as Conv; output_padding
//  normalisation
//   LayerNormalization                  x, gamma or absent, beta or absent; axis (the last), epsilon
//   BatchNormalization                  x, scale, bias, mean, variance; epsilon
//   InstanceNormalization               x, scale, bias; epsilon
//  pooling
//   AveragePool                         kernel_shape, strides, pads, ceil_mode, count_include_pad
//   MaxPool                             kernel_shape, strides, pads, dilations, ceil_mode
//  quantized files
//   FakeQuantize                        x; scale (Float32) and zero_point (Int32): tensors, scalar or [channels]; qmin, qmax,
//                                       axis:  (clamp(rne(x / scale) + zero_point, qmin, qmax) - zero_point) * scale
//
// Never in an imported graph: Constant, ConstantOfShape, Shape, Size, Range, EyeLike, OneHot, Identity, Dropout, Flatten, Squeeze, Unsqueeze,
// Gemm, Sum, Upsample, GlobalAveragePool, DequantizeLinear, QuantizeLinear.
// clang-format on

} // namespace qs::onnx
