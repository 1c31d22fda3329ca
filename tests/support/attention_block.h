#pragma once

#include <string>

namespace qs::test {

/// Attention and an MLP as an exporter writes them, after import: q, k, v cut from one product, residuals, a class
/// token.
inline const std::string kAttentionBlock = R"(input x:1x3x8x8
patchW:16x3x4x4 = random(1)
patchB:16 = random(2)
token:1x1x16 = random(3)
gamma:16 = random(4)
beta:16 = random(5)
qkvW:16x48 = random(6)
qkvB:48 = random(7)
scale:scalar = [0.5]
projW:16x16 = random(8)
projB:16 = random(9)
fc1W:16x32 = random(10)
fc1B:32 = random(11)
fc2W:32x16 = random(12)
headW:16x7 = random(13)
zero:scalar:int64 = [0]
patches:1x16x2x2 = Conv(x, patchW, patchB) strides=[4 4] # patch
flat:1x16x4 = Reshape(patches) shape=[1 16 4]
tokens:1x4x16 = Transpose(flat) perm=[0 2 1]
all:1x5x16 = Concat(token, tokens) axis=1
n1:1x5x16 = LayerNormalization(all, gamma, beta) axis=2 epsilon=1e-05
qkv:1x5x48 = Linear(n1, qkvW, qkvB) # qkv
heads:1x5x3x2x8 = Reshape(qkv) shape=[1 5 3 2 8]
turned:3x1x2x5x8 = Transpose(heads) perm=[2 0 3 1 4]
q1:1x1x2x5x8, k1:1x1x2x5x8, v1:1x1x2x5x8 = Split(turned) axis=0 split=[1 1 1]
q:1x2x5x8 = Reshape(q1) shape=[1 2 5 8]
k:1x2x5x8 = Reshape(k1) shape=[1 2 5 8]
v:1x2x5x8 = Reshape(v1) shape=[1 2 5 8]
kt:1x2x8x5 = Transpose(k) perm=[0 1 3 2]
s:1x2x5x5 = MatMul(q, kt) # qk
scaled:1x2x5x5 = Mul(s, scale)
a:1x2x5x5 = Softmax(scaled) axis=3
o:1x2x5x8 = MatMul(a, v) # av
ot:1x5x2x8 = Transpose(o) perm=[0 2 1 3]
of:1x5x16 = Reshape(ot) shape=[1 5 16]
p:1x5x16 = Linear(of, projW, projB) # proj
r1:1x5x16 = Add(all, p)
n2:1x5x16 = LayerNormalization(r1, gamma, beta) axis=2 epsilon=1e-05
h:1x5x32 = Linear(n2, fc1W, fc1B) # fc1
g:1x5x32 = Gelu(h) approximate="none"
m:1x5x16 = Linear(g, fc2W) # fc2
r2:1x5x16 = Add(m, r1)
cls:1x16 = Gather(r2, zero) axis=1
logits:1x7 = Linear(cls, headW) # head
output logits
)";

} // namespace qs::test
