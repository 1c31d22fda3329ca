#pragma once

/// Coefficients of the approximations that the scalar reference and the vector kernels share. All were fitted by
/// iteratively reweighted least squares (Lawson's method) to the relative error, in double, then rounded to float.
namespace qs::kernels::constants {

// exp(x) = 2^(n-1) 2 exp(r),  n = rne(x / ln 2),  r = x - n ln 2 in [-0.347, 0.347],  ln 2 = kLn2High + kLn2Low where
// n * kLn2High is exact.  2 exp(r) = 2 + 2 r + r^2 P(r): fit error 3.1e-9. The factor 2 moves the exponents that one
// float can hold from [-126, 127] to [-125, 128]: up to the largest finite result.
inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2High = 0.693359375f;
inline constexpr float kLn2Low = -2.12194440e-4f;
inline constexpr float kExpLow = -87.336544f;     ///< n = -126: the factor is 0
inline constexpr float kExpHigh = 88.8f;          ///< 2 exp(r) 2^127 overflows
inline constexpr float kRoundMagic = 12582912.0f; ///< 1.5 * 2^23: added, it leaves an integer in the low bits
inline constexpr float kTwiceExp[] = {0.999999868f, 0.333330412f, 0.0833367763f, 0.0167374341f, 0.00276291994f};

// erf(x) = x P(x^2) / Q(x^2) for |x| <= 4, then +-1: fit error 2.5e-8.
inline constexpr float kErfLimit = 4.0f;
inline constexpr float kErfP[] = {1.12837914f,    0.193546443f,   0.0531019352f,
                                  0.00388340502f, 2.84567569e-4f, 1.98677566e-6f};
inline constexpr float kErfQ[] = {1.0f, 0.504858625f, 0.115350577f, 0.0152073732f, 1.18558649e-3f, 3.74201927e-5f};

// tanh(x) = x P(x^2) / Q(x^2) for |x| <= 9.1, then +-1: fit error 2.3e-8.
inline constexpr float kTanhLimit = 9.1f;
inline constexpr float kTanhP[] = {0.999999977f, 0.133744751f, 0.003487811f, 2.04811868e-5f, 1.31775236e-8f};
inline constexpr float kTanhQ[] = {1.0f, 0.467077889f, 0.0258473883f, 3.27292015e-4f, 7.70404643e-7f};

// sin and cos: x = n pi/2 + r, |r| <= pi/4, pi/2 in three parts whose products with n are exact (n < 2^13; Cody and
// Waite).  sin(r) = r + r^3 P(r^2), cos(r) = 1 - r^2/2 + r^4 Q(r^2): coefficients of Moshier's Cephes library, fit
// errors below 2^-28.
inline constexpr float kSineLimit = 8192.0f; ///< beyond: the C library
inline constexpr float kTwoOverPi = 0.636619772f;
inline constexpr float kHalfPi1 = 1.5703125f;
inline constexpr float kHalfPi2 = 4.837512969970703125e-4f;
inline constexpr float kHalfPi3 = 7.54978995489188216e-8f;
inline constexpr float kSine[] = {-1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f};
inline constexpr float kCosine[] = {4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f};

inline constexpr float kMishLinear = 20.0f; ///< Mish is x from here on

inline constexpr float kInvSqrt2 = 0.70710678f;
inline constexpr float kSqrt2OverPi = 0.79788456f;
inline constexpr float kGeluCubic = 0.044715f;

} // namespace qs::kernels::constants
