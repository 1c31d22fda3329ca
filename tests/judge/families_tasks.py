# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are no classifiers at their published widths and depths, random weights, as families_transformers.py has its
lines; images are small where the network would be slow. The lines of export_families.py FOLDER that begin with "full_"."""

from families_transformers import BOXES, MASKS

BASE = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
DINOV2_SMALL = dict(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=126, patch_size=14)
SWIN_TINY = dict(model_type="swin", image_size=224, embed_dim=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], window_size=7,
                 out_features=["stage1", "stage2", "stage3", "stage4"])
DETR_BODY = dict(num_queries=100, num_labels=91)

TASKS = {
    "full_segformer_b0": ("SegformerForSemanticSegmentation", 128, dict(num_labels=150)),
    "full_detr_r50": ("DetrForObjectDetection", 128, dict(**DETR_BODY, backbone_config=dict(model_type="resnet", out_features=["stage4"])), BOXES),
    "full_yolos_tiny": ("YolosForObjectDetection", 128, dict(hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768,
                                                             image_size=[128, 128], num_labels=91), BOXES),
    "full_rt_detr_r18": ("RTDetrForObjectDetection", 160, dict(
        backbone_config=dict(model_type="rt_detr_resnet", layer_type="basic", hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2],
                             out_features=["stage2", "stage3", "stage4"]),
        encoder_in_channels=[128, 256, 512], hidden_expansion=0.5, decoder_layers=3, num_labels=80, anchor_image_size=None), BOXES),
    "full_sam_base": ("SamVisionModel", 256, dict(image_size=256)),
    "full_depth_anything_small": ("DepthAnythingForDepthEstimation", 126, dict(
        backbone_config=dict(model_type="dinov2", **DINOV2_SMALL, out_features=["stage3", "stage6", "stage9", "stage12"],
                             reshape_hidden_states=False),
        reassemble_hidden_size=384, neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=64)),
    "full_dinov2_small": ("Dinov2Model", 126, DINOV2_SMALL),
    "full_clip_b32": ("CLIPVisionModel", 224, BASE | dict(image_size=224, patch_size=32)),
    "full_siglip_base": ("SiglipVisionModel", 112, BASE | dict(image_size=112, patch_size=16)),
    "full_beit_segmentation": ("BeitForSemanticSegmentation", 192, BASE | dict(
        image_size=192, patch_size=16, num_labels=150, use_relative_position_bias=True, out_indices=[3, 5, 7, 11], use_auxiliary_head=False)),
    "full_maskformer_swin_tiny": ("MaskFormerForInstanceSegmentation", 128, dict(
        backbone_config=SWIN_TINY, decoder_config=dict(model_type="detr", **DETR_BODY)), MASKS),
    "full_mask2former_swin_tiny": ("Mask2FormerForUniversalSegmentation", 128, dict(backbone_config=SWIN_TINY), MASKS),
    "full_vitpose_base": ("VitPoseForPoseEstimation", (128, 96), dict(
        backbone_config=dict(model_type="vitpose_backbone", hidden_size=768, num_hidden_layers=12, num_attention_heads=12, image_size=[128, 96],
                             out_indices=[12]), num_labels=17), ("heatmaps",)),
    "full_trocr_encoder": ("ViTModel", 96, BASE | dict(image_size=96, patch_size=16, qkv_bias=False)),
    "full_florence2_davit": ("Florence2VisionBackbone", 96, dict(embed_dim=[128, 256, 512, 1024], num_heads=[4, 8, 16, 32],
                                                                 num_groups=[4, 8, 16, 32], depths=[1, 1, 9, 1])),
}
